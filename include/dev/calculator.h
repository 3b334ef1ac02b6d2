/* SPDX-License-Identifier: Apache-2.0 */
/* The Basic Calculator API that the API Management labs put behind a gateway, in both forms known of it.
 *
 * XML, the original: /api/add, /api/sub, /api/mul, /api/div (or without /api) with the integers a and b.  JSON: the same below
 * /json, or wherever Accept names application/json before any XML; also by the names subtract, multiply, divide.
 * /healthz answers "ok".  Integers have 64 bits.
 */
#ifndef DEV_CALCULATOR_H
#define DEV_CALCULATOR_H

#include "server/responder.h"

/* An `answer` for struct responder; `context` is not used.  400 with {"error":...} for missing, repeated or malformed integers,
 * division by zero and results past 64 bits; 404, 405 in API Management's shape.
 */
void calculator_answer(void *context, const struct request *request, struct reply *reply);

#endif
