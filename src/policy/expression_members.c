/* SPDX-License-Identifier: Apache-2.0 */
/* All that can stand behind a dot or in [], and words that cannot, with what to write instead. */
#include "expression_int.h"

#include "base/schema.h"

#include <stdio.h>

static const char *const type_names[] = {
    [TYPE_ANY] = "a value of unknown type",
    [TYPE_NULL] = "null",
    [TYPE_BOOL] = "a bool",
    [TYPE_INT] = "an int",
    [TYPE_TEXT] = "a text",
    [TYPE_LINES] = "a list of texts",
    [TYPE_TEXTS] = "a list of texts",
    [TYPE_TIME] = "a time",
    [TYPE_TOKEN] = "a Jwt",
    [TYPE_CERTIFICATE] = "a certificate",
    [TYPE_SUBJECT_NAME] = "context.Request.Certificate.SubjectName",
    [TYPE_ISSUER_NAME] = "context.Request.Certificate.IssuerName",
    [TYPE_CHAR] = "a character",
    [TYPE_CLAIMS] = "Claims",
    [TYPE_CONTEXT] = "context",
    [TYPE_REQUEST] = "context.Request",
    [TYPE_RESPONSE] = "context.Response",
    [TYPE_REQUEST_HEADERS] = "context.Request.Headers",
    [TYPE_RESPONSE_HEADERS] = "context.Response.Headers",
    [TYPE_URL] = "context.Request.Url",
    [TYPE_ORIGINAL_URL] = "context.Request.OriginalUrl",
    [TYPE_QUERY] = "context.Request.Url.Query",
    [TYPE_ORIGINAL_QUERY] = "context.Request.OriginalUrl.Query",
    [TYPE_VARIABLES] = "context.Variables",
    [TYPE_LAST_ERROR] = "context.LastError",
    [TYPE_STRING_CLASS] = "string",
    [TYPE_INT_CLASS] = "int",
    [TYPE_BOOL_CLASS] = "bool",
    [TYPE_GUID_CLASS] = "Guid",
    [TYPE_TIME_CLASS] = "DateTime",
};
_Static_assert(COUNT_OF(type_names) == TYPE_COUNT, "a name for each type");

const char *expression_type_name(enum expression_type type)
{
    return type_names[type];
}

/* --- members --- */

/* Fields in the order of the struct. */
#define ROW(on, kind, name, gives, least, most, first, more, run, which, is_constant)                    \
    {                                                                                                    \
        (on), (kind), (name), (gives), (least), (most), {(first), (more)}, (run), (which), (is_constant) \
    }
/* A step on the way: no value yet. */
#define STEP(on, name, gives) ROW(on, MEMBER_PROPERTY, name, gives, 0, 0, TYPE_ANY, TYPE_ANY, NULL, 0, true)
/* Of the context: read from the host. */
#define FACT(on, name, gives, fact) \
    ROW(on, MEMBER_PROPERTY, name, gives, 0, 0, TYPE_ANY, TYPE_ANY, expression_host_fact, fact, false)
/* Of a value. */
#define PROPERTY(on, name, gives, run, which) \
    ROW(on, MEMBER_PROPERTY, name, gives, 0, 0, TYPE_ANY, TYPE_ANY, run, which, true)
/* A method, on a value or a class, that depends on its values alone. */
#define METHOD0(on, name, gives, run) ROW(on, MEMBER_METHOD, name, gives, 0, 0, TYPE_ANY, TYPE_ANY, run, 0, true)
#define METHOD(on, name, gives, least, most, takes, run) \
    ROW(on, MEMBER_METHOD, name, gives, least, most, takes, takes, run, 0, true)
/* The three ways into a dictionary of texts. */
#define DICTIONARY(on, element, look, which, is_constant)                                                    \
    ROW(on, MEMBER_INDEX, "", element, 1, 1, TYPE_TEXT, TYPE_TEXT, look, which, is_constant),                \
        ROW(on, MEMBER_METHOD, "GetValueOrDefault", TYPE_TEXT, 1, 2, TYPE_TEXT, TYPE_TEXT, look##_or, which, \
            is_constant),                                                                                    \
        ROW(on, MEMBER_METHOD, "ContainsKey", TYPE_BOOL, 1, 1, TYPE_TEXT, TYPE_TEXT, look##_has, which, is_constant)

static const struct expression_member members[] = {
    STEP(TYPE_CONTEXT, "Request", TYPE_REQUEST),
    STEP(TYPE_CONTEXT, "Response", TYPE_RESPONSE),
    STEP(TYPE_CONTEXT, "Variables", TYPE_VARIABLES),
    STEP(TYPE_CONTEXT, "LastError", TYPE_LAST_ERROR),
    FACT(TYPE_CONTEXT, "RequestId", TYPE_TEXT, FACT_REQUEST_ID),

    STEP(TYPE_REQUEST, "Headers", TYPE_REQUEST_HEADERS),
    STEP(TYPE_REQUEST, "Url", TYPE_URL),
    STEP(TYPE_REQUEST, "OriginalUrl", TYPE_ORIGINAL_URL),
    FACT(TYPE_REQUEST, "Method", TYPE_TEXT, FACT_METHOD),
    FACT(TYPE_REQUEST, "IpAddress", TYPE_TEXT, FACT_IP_ADDRESS),
    FACT(TYPE_REQUEST, "Certificate", TYPE_CERTIFICATE, FACT_CERTIFICATE),
    DICTIONARY(TYPE_REQUEST_HEADERS, TYPE_LINES, expression_host_header, MESSAGE_REQUEST, false),

    FACT(TYPE_URL, "Scheme", TYPE_TEXT, FACT_URL_SCHEME),
    FACT(TYPE_URL, "Host", TYPE_TEXT, FACT_URL_HOST),
    FACT(TYPE_URL, "Port", TYPE_INT, FACT_URL_PORT),
    FACT(TYPE_URL, "Path", TYPE_TEXT, FACT_URL_PATH),
    FACT(TYPE_URL, "QueryString", TYPE_TEXT, FACT_URL_QUERY),
    STEP(TYPE_URL, "Query", TYPE_QUERY),
    DICTIONARY(TYPE_QUERY, TYPE_LINES, expression_host_query, 0, false),
    FACT(TYPE_ORIGINAL_URL, "Scheme", TYPE_TEXT, FACT_ORIGINAL_SCHEME),
    FACT(TYPE_ORIGINAL_URL, "Host", TYPE_TEXT, FACT_ORIGINAL_HOST),
    FACT(TYPE_ORIGINAL_URL, "Port", TYPE_INT, FACT_ORIGINAL_PORT),
    FACT(TYPE_ORIGINAL_URL, "Path", TYPE_TEXT, FACT_ORIGINAL_PATH),
    FACT(TYPE_ORIGINAL_URL, "QueryString", TYPE_TEXT, FACT_ORIGINAL_QUERY),
    STEP(TYPE_ORIGINAL_URL, "Query", TYPE_ORIGINAL_QUERY),
    DICTIONARY(TYPE_ORIGINAL_QUERY, TYPE_LINES, expression_host_query, 1, false),

    STEP(TYPE_RESPONSE, "Headers", TYPE_RESPONSE_HEADERS),
    FACT(TYPE_RESPONSE, "StatusCode", TYPE_INT, FACT_STATUS_CODE),
    FACT(TYPE_RESPONSE, "StatusReason", TYPE_TEXT, FACT_STATUS_REASON),
    DICTIONARY(TYPE_RESPONSE_HEADERS, TYPE_LINES, expression_host_header, MESSAGE_RESPONSE, false),

    FACT(TYPE_LAST_ERROR, "Source", TYPE_TEXT, FACT_ERROR_SOURCE),
    FACT(TYPE_LAST_ERROR, "Reason", TYPE_TEXT, FACT_ERROR_REASON),
    FACT(TYPE_LAST_ERROR, "Message", TYPE_TEXT, FACT_ERROR_MESSAGE),
    FACT(TYPE_LAST_ERROR, "Scope", TYPE_TEXT, FACT_ERROR_SCOPE),
    FACT(TYPE_LAST_ERROR, "Section", TYPE_TEXT, FACT_ERROR_SECTION),
    FACT(TYPE_LAST_ERROR, "Path", TYPE_TEXT, FACT_ERROR_PATH),
    FACT(TYPE_LAST_ERROR, "PolicyId", TYPE_TEXT, FACT_ERROR_POLICY_ID),

    /* What comes out depends on <T> and the default: the reader knows. */
    ROW(TYPE_VARIABLES, MEMBER_INDEX, "", TYPE_ANY, 1, 1, TYPE_TEXT, TYPE_TEXT, expression_host_variable, 0, false),
    ROW(TYPE_VARIABLES, MEMBER_METHOD, "GetValueOrDefault", TYPE_ANY, 1, 2, TYPE_TEXT, TYPE_ANY,
        expression_host_variable_or, 0, false),
    ROW(TYPE_VARIABLES, MEMBER_METHOD, "ContainsKey", TYPE_BOOL, 1, 1, TYPE_TEXT, TYPE_TEXT,
        expression_host_variable_has, 0, false),

    PROPERTY(TYPE_TOKEN, "Subject", TYPE_TEXT, expression_token_text, PART_SUBJECT),
    PROPERTY(TYPE_TOKEN, "Issuer", TYPE_TEXT, expression_token_text, PART_ISSUER),
    PROPERTY(TYPE_TOKEN, "Id", TYPE_TEXT, expression_token_text, PART_ID),
    PROPERTY(TYPE_TOKEN, "Algorithm", TYPE_TEXT, expression_token_text, PART_ALGORITHM),
    PROPERTY(TYPE_TOKEN, "Type", TYPE_TEXT, expression_token_text, PART_TYPE),
    PROPERTY(TYPE_TOKEN, "Audiences", TYPE_TEXTS, expression_token_audiences, 0),
    PROPERTY(TYPE_TOKEN, "ExpirationTime", TYPE_TIME, expression_token_time, PART_EXPIRATION),
    PROPERTY(TYPE_TOKEN, "NotBefore", TYPE_TIME, expression_token_time, PART_NOT_BEFORE),
    PROPERTY(TYPE_TOKEN, "IssuedAt", TYPE_TIME, expression_token_time, PART_ISSUED_AT),
    METHOD0(TYPE_TOKEN, "ToString", TYPE_TEXT, expression_text_to_string),
    STEP(TYPE_TOKEN, "Claims", TYPE_CLAIMS),
    DICTIONARY(TYPE_CLAIMS, TYPE_TEXTS, expression_token_claim, 0, true),

    PROPERTY(TYPE_CERTIFICATE, "Thumbprint", TYPE_TEXT, expression_certificate_text, PART_THUMBPRINT),
    PROPERTY(TYPE_CERTIFICATE, "Subject", TYPE_TEXT, expression_certificate_text, PART_CERTIFICATE_SUBJECT),
    PROPERTY(TYPE_CERTIFICATE, "Issuer", TYPE_TEXT, expression_certificate_text, PART_CERTIFICATE_ISSUER),
    PROPERTY(TYPE_CERTIFICATE, "SerialNumber", TYPE_TEXT, expression_certificate_text, PART_SERIAL),
    PROPERTY(TYPE_CERTIFICATE, "NotBefore", TYPE_TIME, expression_certificate_time, PART_VALID_FROM),
    PROPERTY(TYPE_CERTIFICATE, "NotAfter", TYPE_TIME, expression_certificate_time, PART_VALID_TO),
    METHOD0(TYPE_CERTIFICATE, "Verify", TYPE_BOOL, expression_certificate_verify),
    STEP(TYPE_CERTIFICATE, "SubjectName", TYPE_SUBJECT_NAME),
    STEP(TYPE_CERTIFICATE, "IssuerName", TYPE_ISSUER_NAME),
    PROPERTY(TYPE_SUBJECT_NAME, "Name", TYPE_TEXT, expression_certificate_text, PART_CERTIFICATE_SUBJECT),
    PROPERTY(TYPE_ISSUER_NAME, "Name", TYPE_TEXT, expression_certificate_text, PART_CERTIFICATE_ISSUER),

    ROW(TYPE_TEXTS, MEMBER_INDEX, "", TYPE_TEXT, 1, 1, TYPE_INT, TYPE_INT, expression_list_at, 0, true),
    METHOD(TYPE_TEXTS, "Contains", TYPE_BOOL, 1, 1, TYPE_TEXT, expression_list_contains),
    METHOD0(TYPE_TEXTS, "FirstOrDefault", TYPE_TEXT, expression_list_first),
    METHOD0(TYPE_TEXTS, "Count", TYPE_INT, expression_list_length),
    METHOD0(TYPE_TEXTS, "Any", TYPE_BOOL, expression_list_any),
    PROPERTY(TYPE_TEXTS, "Length", TYPE_INT, expression_list_length, 0),

    METHOD0(TYPE_TEXT, "ToString", TYPE_TEXT, expression_text_to_string),
    METHOD0(TYPE_TEXT, "ToLower", TYPE_TEXT, expression_text_lower),
    METHOD0(TYPE_TEXT, "ToUpper", TYPE_TEXT, expression_text_upper),
    METHOD0(TYPE_TEXT, "ToLowerInvariant", TYPE_TEXT, expression_text_lower),
    METHOD0(TYPE_TEXT, "ToUpperInvariant", TYPE_TEXT, expression_text_upper),
    METHOD0(TYPE_TEXT, "Trim", TYPE_TEXT, expression_text_trim),
    METHOD(TYPE_TEXT, "StartsWith", TYPE_BOOL, 1, 1, TYPE_CHAR, expression_text_starts),
    METHOD(TYPE_TEXT, "EndsWith", TYPE_BOOL, 1, 1, TYPE_CHAR, expression_text_ends),
    METHOD(TYPE_TEXT, "Contains", TYPE_BOOL, 1, 1, TYPE_CHAR, expression_text_contains),
    METHOD(TYPE_TEXT, "Equals", TYPE_BOOL, 1, 1, TYPE_TEXT, expression_text_equals),
    METHOD(TYPE_TEXT, "Split", TYPE_TEXTS, 1, 1, TYPE_CHAR, expression_text_split),
    METHOD(TYPE_TEXT, "Replace", TYPE_TEXT, 2, 2, TYPE_CHAR, expression_text_replace),
    METHOD(TYPE_TEXT, "Substring", TYPE_TEXT, 1, 2, TYPE_INT, expression_text_substring),
    PROPERTY(TYPE_TEXT, "Length", TYPE_INT, expression_text_length, 0),

    METHOD0(TYPE_ANY, "ToString", TYPE_TEXT, expression_text_to_string),
    METHOD0(TYPE_BOOL, "ToString", TYPE_TEXT, expression_text_to_string),
    METHOD0(TYPE_INT, "ToString", TYPE_TEXT, expression_text_to_string),
    METHOD(TYPE_TIME, "ToString", TYPE_TEXT, 0, 1, TYPE_TEXT, expression_time_to_string),

    PROPERTY(TYPE_STRING_CLASS, "Empty", TYPE_TEXT, expression_text_empty, 0),
    ROW(TYPE_STRING_CLASS, MEMBER_METHOD, "Join", TYPE_TEXT, 2, 2, TYPE_CHAR, TYPE_TEXTS, expression_text_join, 0,
        true),
    METHOD(TYPE_STRING_CLASS, "Concat", TYPE_TEXT, 1, EXPRESSION_ARGUMENTS_MAX, TYPE_ANY, expression_text_concat),
    METHOD(TYPE_STRING_CLASS, "IsNullOrEmpty", TYPE_BOOL, 1, 1, TYPE_TEXT, expression_text_is_empty),
    ROW(TYPE_STRING_CLASS, MEMBER_METHOD, "IsNullOrWhiteSpace", TYPE_BOOL, 1, 1, TYPE_TEXT, TYPE_TEXT,
        expression_text_is_empty, 1, true),
    METHOD(TYPE_INT_CLASS, "Parse", TYPE_INT, 1, 1, TYPE_TEXT, expression_text_parse_int),
    METHOD(TYPE_BOOL_CLASS, "Parse", TYPE_BOOL, 1, 1, TYPE_TEXT, expression_text_parse_bool),
    ROW(TYPE_GUID_CLASS, MEMBER_METHOD, "NewGuid", TYPE_TEXT, 0, 0, TYPE_ANY, TYPE_ANY, expression_host_guid, 0, false),
    ROW(TYPE_TIME_CLASS, MEMBER_PROPERTY, "UtcNow", TYPE_TIME, 0, 0, TYPE_ANY, TYPE_ANY, expression_host_now, 0, false),
};

const struct expression_member *expression_member_find(enum expression_type type, struct span name, bool is_index)
{
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (members[i].of == type && (members[i].kind == MEMBER_INDEX) == is_index &&
            span_eq(name, span_str(members[i].name)))
            return &members[i];
    return NULL;
}

/* --- words --- */

static const struct {
    const char *word;
    enum expression_type type;
} words[] = {
    {"context", TYPE_CONTEXT}, {"string", TYPE_STRING_CLASS}, {"String", TYPE_STRING_CLASS}, {"int", TYPE_INT_CLASS},
    {"bool", TYPE_BOOL_CLASS}, {"Guid", TYPE_GUID_CLASS},     {"DateTime", TYPE_TIME_CLASS},
};

enum expression_type expression_word_type(struct span word)
{
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (span_eq(word, span_str(words[i].word)))
            return words[i].type;
    return TYPE_COUNT;
}

static const struct {
    const char *word;
    enum expression_type type;
} casts[] = {{"string", TYPE_TEXT}, {"String", TYPE_TEXT}, {"int", TYPE_INT}, {"bool", TYPE_BOOL}, {"Jwt", TYPE_TOKEN}};

enum expression_type expression_cast_type(struct span word)
{
    for (size_t i = 0; i < COUNT_OF(casts); i++)
        if (span_eq(word, span_str(casts[i].word)))
            return casts[i].type;
    return TYPE_COUNT;
}

/* --- what is not there, and why --- */

static const char verified[] = "it would take a token apart without verifying it; use validate-jwt's "
                               "output-token-variable-name and ((Jwt)context.Variables[\"NAME\"])";
static const char no_lambda[] =
    "functions over lists are not supported; use .Contains, .FirstOrDefault(), [i] or string.Join";
static const char no_statement[] = "statements are not supported; write one expression @(...)";
static const char no_json[] = "JSON is not read in expressions; claims are in ((Jwt)x).Claims";
static const char no_crypto[] = "nothing is encoded, hashed or signed in expressions";
static const char no_service[] = "API Management's own objects do not exist here";
static const char no_body[] = "bodies are passed on unread";

/* `words` between blanks. */
static const struct {
    const char *words;
    const char *hint;
} hints[] = {
    {" AsJwt TryParseJwt ", verified},
    {" AsBasic TryParseBasic ", "compare the field Authorization as a text"},
    {" Body As ", no_body},
    {" VerifyNoRevocation GetPublicKey RawData PublicKey Extensions FriendlyName GetCertHashString ",
     "of a certificate there are Thumbprint, Subject, Issuer, SerialNumber, NotBefore, NotAfter and Verify()"},
    {" MatchedParameters ", "routes have no parameters; use .Url.Path"},
    {" First Last LastOrDefault Single ElementAt ", "use .FirstOrDefault() or [0]"},
    {" Where Select SelectMany All ToList ToArray ToDictionary OrderBy Skip Take Aggregate Intersect Except Distinct ",
     no_lambda},
    {" User Subscription Product Api Operation Deployment Workspace Group ", no_service},
    {" PrivateIpAddress GraphQL ", no_service},
    {" Timestamp Now Today ", "use DateTime.UtcNow"},
    {" Elapsed Trace Tracing ", "times of requests are in the log and the metrics"},
    {" Format Interpolate ", "join with +"},
    {" IndexOf LastIndexOf ", "use .Contains, .StartsWith or .Split"},
    {" TrimStart TrimEnd ", "use .Trim()"},
    {" HasValue Value ", "compare with null; the value needs no unwrapping"},
    {" TryGetValue TryParse ", "use .GetValueOrDefault or Parse"},
    {" new ", "objects are not made in expressions"},
    {" var return if else foreach for while switch try throw ", no_statement},
    {" Regex Match ", "patterns are not supported; use .StartsWith, .EndsWith, .Contains or .Split"},
    {" JObject JArray JToken JProperty JsonConvert Newtonsoft XElement XDocument ", no_json},
    {" Convert Encoding BitConverter Encrypt Decrypt HMACSHA1 HMACSHA256 HMACSHA384 HMACSHA512 SHA1 SHA256 SHA512 MD5 "
     "RSA "
     "Aes X509Certificate2 RNGCryptoServiceProvider RandomNumberGenerator ",
     no_crypto},
    {" System Microsoft ", "write the type without its namespace: string, int, bool, Guid, DateTime"},
    {" StringComparison StringComparer ", "texts are compared byte by byte; use .ToLower() on both sides"},
    {" StringSplitOptions ", "Split takes the separator alone"},
    {" Jwt ", "a type is only written in a cast: ((Jwt)context.Variables[\"NAME\"])"},
    {" as is typeof nameof default ", "types are only told by casts: (string)x, (int)x, (bool)x, (Jwt)x"},
    {" Math Enumerable TimeSpan Random Uri Environment Type Tuple Dictionary List ", "this class is not supported"},
};

static const char *hint_find(struct span name)
{
    char padded[64];
    if (name.len + 3 > sizeof padded)
        return NULL;
    snprintf(padded, sizeof padded, " %.*s ", SPAN_ARG(name));
    for (size_t i = 0; i < COUNT_OF(hints); i++)
        if (strstr(hints[i].words, padded) != NULL)
            return hints[i].hint;
    return NULL;
}

/* The names that may stand where `name` stood. */
static size_t names_of(enum expression_type type, const char *names[COUNT_OF(members)])
{
    static const char *const constants[] = {"true", "false", "null"};
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (members[i].of == type && members[i].kind != MEMBER_INDEX)
            names[count++] = members[i].name;
    for (size_t i = 0; type == TYPE_COUNT && i < COUNT_OF(words); i++)
        names[count++] = words[i].word;
    for (size_t i = 0; type == TYPE_COUNT && i < COUNT_OF(constants); i++)
        names[count++] = constants[i];
    return count;
}

void expression_hint(enum expression_type type, struct span name, char *out, size_t size)
{
    const char *names[COUNT_OF(members)];
    const char *known = hint_find(name);
    const char *nearest = known == NULL ? schema_nearest(name, names, names_of(type, names)) : NULL;
    if (known != NULL)
        snprintf(out, size, "; %s", known);
    else if (nearest != NULL)
        snprintf(out, size, "; did you mean %s?", nearest);
    else
        out[0] = '\0';
}
