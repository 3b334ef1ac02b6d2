/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the hash is SipHash, not something like it.  Method: the published vectors of SipHash-2-4 (key 00..0f, message
 * 00..n-1) prove the shared core; those of 1-3 were computed by a second implementation that passes the first.
 */
#include "unit.h"

#include "base/siphash.h"

static const struct {
    size_t len;
    uint64_t hash24, hash13;
} vectors[] = {
    {0, 0x726fdb47dd0e0e31, 0xabac0158050fc4dc},  {1, 0x74f839c593dc67fd, 0xc9f49bf37d57ca93},
    {2, 0x0d6c8009d9a94f5a, 0x82cb9b024dc7d44d},  {3, 0x85676696d7fb7e2d, 0x8bf80ab8e7ddf7fb},
    {7, 0xab0200f58b01d137, 0xd3927d989bb11140},  {8, 0x93f5f5799a932462, 0x369095118d299a8e},
    {15, 0xa129ca6149be45e5, 0xd320d86d2a519956}, {16, 0x3f2acc7f57c29bdb, 0xcc4fdd1a7d908b66},
    {63, 0x958a324ceb064572, 0x9d199062b7bbb3a8},
};

static void hash_is_that_of_the_published_vectors(void **state)
{
    static const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    unsigned char message[64];
    (void)state;
    for (unsigned char i = 0; i < sizeof message; i++)
        message[i] = i;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        assert_true(siphash24(key, message, vectors[i].len) == vectors[i].hash24);
        assert_true(siphash13(key, message, vectors[i].len) == vectors[i].hash13);
    }
}

static void key_of_the_process_is_drawn_once(void **state)
{
    const uint64_t *key = siphash_process_key();
    (void)state;
    assert_ptr_equal(key, siphash_process_key());
    assert_true(key[0] != 0 || key[1] != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_that_of_the_published_vectors),
        cmocka_unit_test(key_of_the_process_is_drawn_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
