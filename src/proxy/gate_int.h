/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's site, for the files that make it. */
#ifndef PROXY_GATE_INT_H
#define PROXY_GATE_INT_H

#include "proxy/gateway.h"

/* at->backends; false: no memory. */
bool gate_backends_make(struct gate_site *at) MUST_CHECK;
/* Retires the pools; harmless where nothing was made. */
void gate_backends_free(struct gate_site *at);

#endif
