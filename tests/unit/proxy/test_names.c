/* SPDX-License-Identifier: Apache-2.0 */
/* Names are looked up beside the loops: with a resolver of the test's that fails, moves and hangs. */
#include "proxy/names.h"

#include "base/log.h"
#include "base/now.h"
#include "unit.h"

#include <unistd.h>

enum { PATIENCE_MS = 20000 };

struct resolver {
    pthread_mutex_t lock;
    const char *address; /* NULL: the lookup fails */
    bool is_hanging;
    unsigned lookups;
};

static const char *look_up(void *context, const char *host, uint16_t port, struct address *at, size_t *count)
{
    struct resolver *r = context;
    (void)host;
    pthread_mutex_lock(&r->lock);
    while (r->is_hanging) {
        pthread_mutex_unlock(&r->lock);
        usleep(1000);
        pthread_mutex_lock(&r->lock);
    }
    r->lookups++;
    const char *address = r->address;
    pthread_mutex_unlock(&r->lock);
    *count = address != NULL && address_from_text(address, port, &at[0]) ? 1 : 0;
    return address == NULL ? "no such name" : NULL;
}

struct scene {
    struct resolver resolver;
    struct names *names;
};

static void open_scene(struct scene *s, const char *address)
{
    struct err err;
    *s = (struct scene){.resolver = {.address = address}};
    pthread_mutex_init(&s->resolver.lock, NULL);
    log_set(2, LOG_ERROR, LOG_FORMAT_TEXT);
    const struct names_options options = {.lookup = look_up, .context = &s->resolver};
    s->names = names_new(&options, &err);
    assert_non_null(s->names);
}

static void set(struct scene *s, const char *address, bool is_hanging)
{
    pthread_mutex_lock(&s->resolver.lock);
    s->resolver.address = address;
    s->resolver.is_hanging = is_hanging;
    pthread_mutex_unlock(&s->resolver.lock);
}

static unsigned lookups(struct scene *s)
{
    pthread_mutex_lock(&s->resolver.lock);
    unsigned count = s->resolver.lookups;
    pthread_mutex_unlock(&s->resolver.lock);
    return count;
}

static struct name *take(struct scene *s, const char *host, int64_t every_ms)
{
    struct err err;
    const struct name_options options = {host, 80, false, every_ms};
    struct name *name = names_take(s->names, &options, &err);
    assert_non_null(name);
    return name;
}

static bool has(struct name *name, const char *text)
{
    struct address address;
    struct addresses *addresses = snapshot_take(name_addresses(name));
    bool is = addresses != NULL && address_from_text(text, 80, &address) && addresses_hold(addresses, &address);
    addresses_release(addresses);
    return is;
}

static void await(struct name *name, const char *text)
{
    for (int i = 0; !has(name, text); i++) {
        if (i > PATIENCE_MS)
            fail_msg("waited in vain for %s", text);
        usleep(1000);
    }
}

static void await_lookups(struct scene *s, unsigned more)
{
    unsigned wanted = lookups(s) + more;
    for (int i = 0; lookups(s) < wanted; i++) {
        if (i > PATIENCE_MS)
            fail_msg("no further lookups");
        usleep(1000);
    }
}

static void a_name_is_looked_up_at_once_and_its_changes_follow(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, "10.0.0.1");
    struct name *name = take(&s, "app", 5);
    names_await(s.names, PATIENCE_MS);
    assert_true(has(name, "10.0.0.1"));
    uint64_t number = snapshot_number(name_addresses(name));
    await_lookups(&s, 3);
    assert_true(number == snapshot_number(name_addresses(name)));
    set(&s, "10.0.0.2", false);
    await(name, "10.0.0.2");
    assert_false(has(name, "10.0.0.1"));
    name_release(name);
    names_free(s.names);
}

static void the_last_good_answer_stays_while_lookups_fail(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, "10.0.0.1");
    struct name *name = take(&s, "app", 5);
    names_await(s.names, PATIENCE_MS);
    set(&s, NULL, false);
    await_lookups(&s, 3);
    assert_true(has(name, "10.0.0.1"));
    name_release(name);
    names_free(s.names);
}

static void a_name_unknown_at_the_start_heals_by_itself(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, NULL);
    struct name *name = take(&s, "app", 5);
    names_await(s.names, PATIENCE_MS);
    assert_true(snapshot_number(name_addresses(name)) == 0);
    set(&s, "10.0.0.1", false);
    await(name, "10.0.0.1");
    name_release(name);
    names_free(s.names);
}

static void a_resolver_that_hangs_holds_nobody_up(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, "10.0.0.1");
    set(&s, "10.0.0.1", true);
    struct name *name = take(&s, "app", 30000);
    struct name *literal = take(&s, "127.0.0.1", 30000);
    int64_t before_ms = now_read().mono_ms;
    names_await(s.names, 20);
    assert_true(now_read().mono_ms - before_ms < PATIENCE_MS);
    assert_true(has(literal, "127.0.0.1"));
    assert_false(has(name, "10.0.0.1"));
    set(&s, "10.0.0.1", false);
    await(name, "10.0.0.1");
    name_release(name);
    name_release(literal);
    names_free(s.names);
}

static void the_end_does_not_wait_for_a_lookup_under_way(void **state)
{
    static struct scene s; /* the thread outlives this function */
    (void)state;
    open_scene(&s, "10.0.0.1");
    set(&s, "10.0.0.1", true);
    struct name *name = take(&s, "app", 30000);
    names_await(s.names, 20);
    name_release(name);
    int64_t before_ms = now_read().mono_ms;
    names_free(s.names);
    assert_true(now_read().mono_ms - before_ms < PATIENCE_MS);
    set(&s, "10.0.0.1", false);
    await_lookups(&s, lookups(&s) == 0 ? 1 : 0);
}

static void a_name_taken_twice_is_one(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, "10.0.0.1");
    struct name *a = take(&s, "app", 30000);
    struct name *b = take(&s, "app", 30000);
    assert_ptr_equal(a, b);
    names_await(s.names, PATIENCE_MS);
    assert_int_equal(lookups(&s), 1);
    names_renew(s.names);
    struct name *c = take(&s, "app", 5); /* a shorter interval counts from now on */
    await_lookups(&s, 2);
    name_release(a);
    name_release(b);
    name_release(c);
    names_free(s.names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_looked_up_at_once_and_its_changes_follow),
        cmocka_unit_test(the_last_good_answer_stays_while_lookups_fail),
        cmocka_unit_test(a_name_unknown_at_the_start_heals_by_itself),
        cmocka_unit_test(a_resolver_that_hangs_holds_nobody_up),
        cmocka_unit_test(the_end_does_not_wait_for_a_lookup_under_way),
        cmocka_unit_test(a_name_taken_twice_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
