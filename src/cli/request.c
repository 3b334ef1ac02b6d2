/* SPDX-License-Identifier: Apache-2.0 */
/* URLs as the requests that expressions see. */
#include "cli/request.h"

#include "http/uri.h"

static bool read_parameter(struct arena *arena, struct span pair, struct explain_parameter *parameter, struct err *err)
{
    struct span name = pair;
    struct span value = SPAN("");
    const char *equals = span_chr(pair, '=');
    if (equals != NULL) {
        name = span_cut(pair, (size_t)(equals - pair.at));
        value = span_from(pair, name.len + 1);
    }
    return uri_decode(arena, name, &parameter->name, err) && uri_decode(arena, value, &parameter->value, err);
}

static bool read_parameters(struct arena *arena, struct explain_request *request, struct err *err)
{
    size_t most = 1;
    struct span rest = span_from(request->query, 1);
    struct span pair;
    for (size_t i = 0; i < request->query.len; i++)
        most += request->query.at[i] == '&';
    struct explain_parameter *parameters = arena_zero(arena, most * sizeof *parameters);
    if (parameters == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the query");
    request->parameters = parameters;
    while (rest.len > 0 && span_split(&rest, '&', &pair))
        if (pair.len > 0 && !read_parameter(arena, pair, &parameters[request->parameter_count++], err))
            return err_prefix(err, "query");
    return true;
}

bool request_of_url(struct arena *arena, struct span url, struct explain_request *request, struct err *err)
{
    struct uri uri;
    if (!uri_read(url, &uri, err))
        return false;
    unsigned standard = uri.is_https ? 443 : 80;
    *request = (struct explain_request){.is_given = true,
                                        .is_plain = !uri.is_https,
                                        .host = uri.host,
                                        .port = uri.port == standard ? 0 : uri.port,
                                        .path = uri.path.len > 0 ? uri.path : SPAN("/"),
                                        .query = uri.query.at == NULL ? SPAN("") : uri.query};
    return read_parameters(arena, request, err);
}
