/* SPDX-License-Identifier: Apache-2.0 */
/* jwtgate-dev: keys, tokens, a provider and a backend, for demos and tests only. */
#include "dev/commands.h"

int main(int argc, char **argv)
{
    return options_dispatch(&commands_program, argc, argv);
}
