/* SPDX-License-Identifier: Apache-2.0 */
/* Policies that must be refused or warned about, each beside one that differs in that alone and loads. */
#ifndef UNIT_POLICY_RULE_CASE_H
#define UNIT_POLICY_RULE_CASE_H

#include "policy/rule.h"
#include "unit.h"

/* 32 bytes in base64. */
#define SECRET "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define KEYS_XML "<issuer-signing-keys><key id='k'>" SECRET "</key></issuer-signing-keys>"

struct rule_case {
    const char *name;     /* the rule that is proved */
    const char *document; /* gives a problem */
    unsigned line, column;
    const char *text; /* that holds this */
    const char *good; /* gives no such problem, and no error */
    enum problem_kind kind;
};

/* A policy as it was read. */
struct rule_loaded {
    struct arena arena;
    struct problems problems;
    struct rule rule;
    bool is_read;
};

/* Settings with named values, no certificates, and the time 2026-11-21. */
struct rule_settings rule_case_settings(void);

void rule_load(struct rule_loaded *loaded, const char *document, bool is_xml, const struct rule_settings *settings);
void rule_unload(struct rule_loaded *loaded);

/* Runs the cases; prints the name of one that fails. */
void rule_cases_run(const struct rule_case *cases, size_t count, bool is_xml);

/* Ends the test unless the document loads; its warnings do not matter. */
void rule_load_good(struct rule_loaded *loaded, const char *document, bool is_xml);

#endif
