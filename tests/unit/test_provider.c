/* Credentials that are obtained once and renewed once, however many threads ask. Also built with ThreadSanitizer
 * (build/unit-tsan/test_provider, by tests/test_threads.py). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "unit.h"

#include "aws/provider.h"
#include "base/clock.h"
#include "base/file.h"

#define THREADS 16

/* A provider over a source that counts: a credential_process that writes down each call. */
static struct world {
    char *folder;
    struct arena arena; /* of what is handed out */
    struct aws_config config;
    struct trust trust;
    struct http http;
    struct aws_shared shared;
    struct aws_provider provider;
} world;

static void new_provider(void)
{
    struct source_context context = {.config = &world.config, .profile = world.config.profile, .environment = true,
        .http = &world.http, .shared = &world.shared, .deadline = DEADLINE_NONE, .arena = &world.arena};
    provider_init(&world.provider, &context, &world.arena);
}

static void load(const char *config)
{
    setenv("AWS_CONFIG_FILE", write_file(world.folder, "config", config), 1);
    assert_int_equal(aws_config_load(&world.config, &arena, NULL, &error), 0);
    new_provider();
}

static int setup(void **state)
{
    unit_setup(state);
    env_clean();
    signal(SIGPIPE, SIG_IGN);
    memset(&world, 0, sizeof world);
    world.folder = new_folder();
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere", 1);
    trust_init(&world.trust);
    http_init(&world.http, &world.trust);
    retry_init(&world.shared.retry, 1);
    char *script = write_file(world.folder, "source", "");
    write_file(world.folder, "source", arena_printf(&arena, "#!/bin/sh\necho >>%s/calls\n. %s/reply\n", world.folder, world.folder));
    assert_int_equal(chmod(script, 0755), 0);
    load(arena_printf(&arena, "[default]\ncredential_process = %s\n", script));
    return 0;
}

static int teardown(void **state)
{
    pthread_mutex_destroy(&world.provider.lock);
    aws_config_free(&world.config);
    http_free(&world.http);
    trust_free(&world.trust);
    arena_free(&world.arena);
    remove_folder(world.folder);
    env_clean();
    return unit_teardown(state);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

/* How often the source was asked. */
static size_t calls(void)
{
    struct buf text;
    if (file_read(arena_printf(&arena, "%s/calls", world.folder), 1 << 20, &text))
        return 0;
    size_t count = text.len;
    buf_free(&text);
    return count;
}

/* What the source says from now on; `left`: seconds until the credentials end, 0: it does not say. */
static void source_gives(const char *id, int64_t left)
{
    char when[TIME_TEXT];
    time_iso(clock_unix() + left, when);
    const char *end = left ? arena_printf(&arena, ",\"Expiration\":\"%s\"", when) : "";
    write_file(world.folder, "reply", arena_printf(&arena, "sleep 0.05\ncat <<'END'\n{\"Version\":1,\"AccessKeyId\":\"%s\","
               "\"SecretAccessKey\":\"secret\"%s}\nEND\n", id, end));
}

static void source_does(const char *script)
{
    write_file(world.folder, "reply", script);
}

/* What one thread asked for, and got. */
struct asking {
    pthread_t thread;
    const struct credentials *used; /* NULL: provider_get, else provider_renew */
    bool renewed;
    int status;
    struct credentials got;
    struct arena arena;
    struct error error;
};

static pthread_barrier_t barrier;

static void *ask(void *data)
{
    struct asking *asking = data;
    error_init(&asking->error, &asking->arena);
    pthread_barrier_wait(&barrier);
    if (asking->used)
        asking->renewed = provider_renew(&world.provider, asking->used, deadline_in(20000), &asking->error);
    asking->status = provider_get(&world.provider, deadline_in(20000), &asking->got, &asking->error);
    return NULL;
}

static struct asking askings[THREADS];

/* All threads at once, every one of `some` with provider_renew. */
static void ask_all(const struct credentials *used, int some)
{
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        askings[i] = (struct asking){.used = i < some ? used : NULL};
        pthread_create(&askings[i].thread, NULL, ask, &askings[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(askings[i].thread, NULL);
    pthread_barrier_destroy(&barrier);
}

static void forget_all(void)
{
    for (int i = 0; i < THREADS; i++)
        arena_free(&askings[i].arena);
}

static const char *get(void)
{
    struct credentials got;
    error_clear(&error);
    return provider_get(&world.provider, deadline_in(20000), &got, &error) < 0 ? NULL : got.access_key_id;
}

static void test_once(void **state)
{
    (void)state;
    source_gives("ONE", 0);
    ask_all(NULL, 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK(askings[i].status == 0, "thread %d", i);
        CHECK_TEXT(askings[i].got.access_key_id, "ONE", "thread %d", i);
        CHECK_TEXT(askings[i].got.kind, "process", "thread %d", i);
    }
    forget_all();
    source_gives("TWO", 0);
    assert_string_equal(get(), "ONE");
    assert_int_equal(calls(), 1);
}

static void test_renewed_once(void **state)
{
    (void)state;
    struct credentials used;
    source_gives("ONE", 3600);
    assert_int_equal(provider_get(&world.provider, deadline_in(20000), &used, &error), 0);
    source_gives("TWO", 3600);
    ask_all(&used, THREADS);
    for (int i = 0; i < THREADS; i++) {
        CHECK(askings[i].renewed && askings[i].status == 0, "thread %d", i);
        CHECK_TEXT(askings[i].got.access_key_id, "TWO", "thread %d", i);
    }
    forget_all();
    assert_int_equal(calls(), 2);
    assert_string_equal(used.access_key_id, "ONE"); /* what was handed out stays readable */
    /* Refused just after they were renewed, that is no reason to try again. */
    assert_int_equal(provider_get(&world.provider, deadline_in(20000), &used, &error), 0);
    assert_false(provider_renew(&world.provider, &used, deadline_in(20000), &error));
    assert_int_equal(calls(), 2);
    /* The next ones are over, too: half of the threads know, the others only ask. */
    for (int round = 0; round < 5; round++) {
        world.provider.renewed_at = 0; /* time goes by */
        assert_int_equal(provider_get(&world.provider, deadline_in(20000), &used, &error), 0);
        char *id = arena_printf(&arena, "ROUND%d", round);
        source_gives(id, 3600);
        ask_all(&used, THREADS / 2);
        for (int i = 0; i < THREADS; i++) {
            bool old = strcmp(askings[i].got.access_key_id, used.access_key_id) == 0;
            CHECK(askings[i].status == 0 && (strcmp(askings[i].got.access_key_id, id) == 0 || (old && i >= THREADS / 2)),
                  "round %d, thread %d: %s", round, i, askings[i].got.access_key_id);
            CHECK(askings[i].renewed == (i < THREADS / 2), "round %d, thread %d", round, i);
        }
        forget_all();
        CHECK(calls() == 3 + (size_t)round, "round %d: %zu calls", round, calls());
    }
}

/* A renewal that gives the same again is none, and is not tried by every thread. */
static void test_same_again(void **state)
{
    (void)state;
    struct credentials used;
    source_gives("ONE", 3600);
    assert_int_equal(provider_get(&world.provider, deadline_in(20000), &used, &error), 0);
    ask_all(&used, THREADS);
    for (int i = 0; i < THREADS; i++)
        CHECK(!askings[i].renewed && askings[i].status == 0, "thread %d", i);
    forget_all();
    assert_int_equal(calls(), 2);
    source_gives("TWO", 3600); /* too soon to be asked for */
    assert_false(provider_renew(&world.provider, &used, deadline_in(20000), &error));
    assert_int_equal(calls(), 2);
    world.provider.futile_until = clock_unix(); /* time goes by */
    assert_true(provider_renew(&world.provider, &used, deadline_in(20000), &error));
    assert_int_equal(calls(), 3);
    assert_string_equal(get(), "TWO");
}

static void test_failure_kept(void **state)
{
    (void)state;
    source_does("echo no such session >&2; sleep 0.05; exit 1\n");
    ask_all(NULL, 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK(askings[i].status == -1 && askings[i].error.reason == REASON_NO_CREDENTIALS, "thread %d", i);
        CHECK(strstr(askings[i].error.cause, "no such session") != NULL, "thread %d: %s", i, askings[i].error.cause);
    }
    forget_all();
    assert_int_equal(calls(), 1);
    source_gives("LATE", 0);
    assert_null(get());
    assert_non_null(strstr(error.cause, "no such session"));
    assert_int_equal(calls(), 1);
}

/* The end of one call's time says nothing to the next one. */
static void test_timeout_not_kept(void **state)
{
    (void)state;
    struct credentials got;
    source_does("exec sleep 20\n");
    assert_int_equal(provider_get(&world.provider, deadline_in(300), &got, &error), -1);
    assert_int_equal(error.reason, REASON_TIMEOUT);
    source_gives("NEXT", 0);
    assert_string_equal(get(), "NEXT");
    assert_int_equal(calls(), 2);
}

/* Nor does it to the next renewal. */
static void test_timeout_of_renewal(void **state)
{
    (void)state;
    struct credentials used, got;
    source_gives("ONE", 3600);
    assert_int_equal(provider_get(&world.provider, deadline_in(20000), &used, &error), 0);
    source_does("exec sleep 20\n");
    error_set(&error, REASON_EXPIRED_CREDENTIALS, "the service", "said so");
    assert_false(provider_renew(&world.provider, &used, deadline_in(200), &error));
    assert_int_equal(error.reason, REASON_TIMEOUT); /* that passes, and the refusal would not */
    world.provider.credentials.expires = clock_unix() - 1;
    world.provider.found_at = world.provider.early_after = 0;
    assert_int_equal(provider_get(&world.provider, deadline_in(200), &got, &error), -1);
    source_gives("TWO", 3600);
    assert_true(provider_renew(&world.provider, &used, deadline_in(20000), &error));
    assert_string_equal(get(), "TWO");
}

/* Near their end credentials are renewed before they are used; if that fails they are used as long as they are good. */
static void test_near_end(void **state)
{
    (void)state;
    source_gives("ONE", PROVIDER_RENEW_BEFORE + 60);
    assert_string_equal(get(), "ONE");
    source_gives("TWO", PROVIDER_RENEW_BEFORE - 60);
    assert_string_equal(get(), "ONE"); /* not near yet */
    assert_int_equal(calls(), 1);
    world.provider.credentials.expires = clock_unix() + PROVIDER_RENEW_BEFORE - 1;
    assert_string_equal(get(), "ONE"); /* near, but it was only just fetched */
    assert_int_equal(calls(), 1);
    world.provider.found_at = world.provider.early_after = 0;
    assert_string_equal(get(), "TWO");
    assert_int_equal(calls(), 2);
    source_gives("THREE", 3600); /* TWO ends soon again: it is not asked for more at every turn */
    assert_string_equal(get(), "TWO");
    assert_int_equal(calls(), 2);
    world.provider.found_at = world.provider.early_after = 0;
    source_does("exit 1\n");
    ask_all(NULL, 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK(askings[i].status == 0, "thread %d", i);
        CHECK_TEXT(askings[i].got.access_key_id, "TWO", "thread %d", i);
    }
    forget_all();
    assert_int_equal(calls(), 3);
    world.provider.futile_until = world.provider.found_at = world.provider.early_after = 0;
    source_gives("THREE", 3600);
    ask_all(NULL, 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_TEXT(askings[i].got.access_key_id, "THREE", "thread %d", i);
    forget_all();
    assert_int_equal(calls(), 4);
}

/* Over, they are used no more. */
static void test_over(void **state)
{
    (void)state;
    source_gives("ONE", 3600);
    assert_string_equal(get(), "ONE");
    world.provider.credentials.expires = clock_unix();
    world.provider.found_at = world.provider.early_after = 0;
    source_does("echo gone >&2; exit 1\n");
    ask_all(NULL, 0);
    int told = 0;
    for (int i = 0; i < THREADS; i++) {
        CHECK(askings[i].status == -1, "thread %d", i);
        CHECK(askings[i].error.reason == REASON_NO_CREDENTIALS, "thread %d", i);
        told += strstr(askings[i].error.cause, "gone") != NULL;
    }
    forget_all();
    assert_int_equal(told, THREADS); /* why the renewal failed, not only that they are over */
    assert_int_equal(calls(), 2);
    source_gives("TWO", 3600);
    assert_null(get());
    assert_non_null(strstr(error.cause, "gone"));
    assert_int_equal(calls(), 2);
    world.provider.futile_until = clock_unix();
    assert_string_equal(get(), "TWO");
    assert_int_equal(calls(), 3);
}

/* What was fetched a moment ago is used, whatever our clock says of its end. */
static void test_just_fetched(void **state)
{
    (void)state;
    struct credentials used, got;
    source_gives("ONE", 3600);
    assert_string_equal(get(), "ONE");
    world.provider.credentials.expires = clock_unix() - 100;
    source_gives("TWO", 3600);
    assert_string_equal(get(), "ONE");
    assert_int_equal(calls(), 1);
    world.provider.found_at = world.provider.early_after = 0;
    assert_int_equal(provider_get(&world.provider, deadline_in(20000), &used, &error), 0);
    assert_string_equal(used.access_key_id, "TWO");
    world.provider.credentials.expires = clock_unix() - 100; /* renewed a moment ago, the same */
    source_gives("THREE", 3600);
    assert_string_equal(get(), "TWO");
    assert_int_equal(calls(), 2);
    /* Yet it was refused: that is believed, but another renewal so soon is pointless. */
    error_clear(&error);
    assert_false(provider_renew(&world.provider, &used, deadline_in(20000), &error));
    assert_int_equal(error.reason, REASON_OK);
    world.provider.found_at = world.provider.renewed_at = 0;
    assert_int_equal(provider_get(&world.provider, deadline_in(20000), &got, &error), 0);
    assert_string_equal(got.access_key_id, "THREE");
    assert_int_equal(calls(), 3);
}

/* Credentials end by the services' clock. */
static void test_skew(void **state)
{
    (void)state;
    static const struct {
        int64_t skew, left; /* of the services' clock against ours, and until the end by ours */
        bool renewed;
    } rows[] = {
        {0, 3600, false}, {0, PROVIDER_RENEW_BEFORE + 60, false}, {0, PROVIDER_RENEW_BEFORE - 60, true}, {0, -60, true},
        {7200, 3600, true}, {3600, 3600 + PROVIDER_RENEW_BEFORE - 60, true}, {3600, 3600 + PROVIDER_RENEW_BEFORE + 60, false},
        {-7200, -3600, false}, {-3600, -3600 + PROVIDER_RENEW_BEFORE - 60, true}, {-3600, -3600 + PROVIDER_RENEW_BEFORE + 60, false},
        {-3600, -3660, true},
    };
    source_gives("0", 36000);
    assert_string_equal(get(), "0");
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *id = arena_printf(&arena, "%zu", i + 1);
        const char *old = get();
        source_gives(id, 36000);
        world.shared.skew = rows[i].skew;
        world.provider.credentials.expires = clock_unix() + rows[i].left;
        world.provider.found_at = world.provider.early_after = 0;
        CHECK_TEXT(get(), rows[i].renewed ? id : old, "row %zu", i);
        world.shared.skew = 0;
        world.provider.credentials.expires = 0;
    }
}

/* A renewal of credentials that are still good takes no more than PROVIDER_EARLY_MS of a call's time, and is not had twice. */
static void test_slow_early_renewal(void **state)
{
    (void)state;
    source_gives("ONE", PROVIDER_RENEW_BEFORE - 60);
    assert_string_equal(get(), "ONE");
    world.provider.found_at = world.provider.early_after = 0;
    source_does("exec sleep 18\n");
    int64_t before = clock_ms();
    ask_all(NULL, 0);
    int64_t took = clock_ms() - before;
    for (int i = 0; i < THREADS; i++) {
        CHECK(askings[i].status == 0, "thread %d", i);
        CHECK_TEXT(askings[i].got.access_key_id, "ONE", "thread %d", i);
    }
    forget_all();
    assert_true(took >= PROVIDER_EARLY_MS - 100 && took < PROVIDER_EARLY_MS + 4000);
    assert_int_equal(calls(), 2);
    before = clock_ms();
    assert_string_equal(get(), "ONE");
    assert_true(clock_ms() - before < 1000);
    source_gives("TWO", 3600);
    world.provider.found_at = world.provider.early_after = 0; /* that it took too long then says nothing now */
    assert_string_equal(get(), "TWO");
    /* Less time than that is less time. */
    struct credentials got;
    source_does("exec sleep 18\n");
    world.provider.credentials.expires = clock_unix() + 60;
    world.provider.found_at = world.provider.early_after = 0;
    before = clock_ms();
    assert_int_equal(provider_get(&world.provider, deadline_in(300), &got, &error), 0);
    assert_string_equal(got.access_key_id, "TWO");
    assert_true(clock_ms() - before < 3000);
}

/* That an early renewal failed a moment ago, or took too long, does not make them good beyond their end. */
static void test_over_after_early(void **state)
{
    (void)state;
    struct credentials got;
    source_gives("ONE", PROVIDER_RENEW_BEFORE - 60);
    assert_string_equal(get(), "ONE");
    world.provider.found_at = world.provider.early_after = 0;
    source_does("echo gone >&2; exit 1\n");
    assert_string_equal(get(), "ONE");
    world.provider.credentials.expires = clock_unix() - 1;
    assert_null(get());
    assert_true(error.reason == REASON_NO_CREDENTIALS && strstr(error.cause, "gone"));
    assert_int_equal(calls(), 2);
    world.provider.credentials.expires = clock_unix() + 60;
    world.provider.futile_until = world.provider.early_after = 0;
    source_does("exec sleep 20\n");
    assert_int_equal(provider_get(&world.provider, deadline_in(200), &got, &error), 0);
    assert_int_equal(calls(), 3);
    world.provider.credentials.expires = clock_unix() - 1;
    source_gives("TWO", 3600);
    assert_string_equal(get(), "TWO");
    assert_int_equal(calls(), 4);
}

/* Who was refused is told what hinders the renewal if that passes; what does not pass leaves him the refusal. */
static void test_cause_of_renewal(void **state)
{
    (void)state;
    struct credentials used;
    source_gives("ONE", 3600);
    assert_int_equal(provider_get(&world.provider, deadline_in(20000), &used, &error), 0);
    source_does("echo gone >&2; exit 1\n");
    ask_all(&used, THREADS);
    for (int i = 0; i < THREADS; i++)
        CHECK(!askings[i].renewed && askings[i].error.reason == REASON_OK && askings[i].status == 0, "thread %d", i);
    forget_all();
    assert_int_equal(calls(), 2);
    world.provider.futile_until = 0;
    source_gives("ONE", 3600); /* the same again */
    error_set(&error, REASON_EXPIRED_CREDENTIALS, "the service", "said so");
    assert_false(provider_renew(&world.provider, &used, deadline_in(20000), &error));
    assert_true(error.reason == REASON_EXPIRED_CREDENTIALS && strcmp(error.cause, "said so") == 0);
    world.provider.futile_until = 0;
    source_does("exec sleep 20\n");
    assert_false(provider_renew(&world.provider, &used, deadline_in(300), &error));
    assert_int_equal(error.reason, REASON_TIMEOUT);
    assert_null(strstr(error.cause, "said so"));
    source_gives("TWO", 3600);
    error_clear(&error);
    assert_true(provider_renew(&world.provider, &used, deadline_in(20000), &error));
    assert_int_equal(error.reason, REASON_OK);
}

static void test_fixed(void **state)
{
    (void)state;
    struct credentials given = {"FIXED", "s", NULL, NULL, clock_unix() + 100, "somewhere", NULL, NULL};
    struct credentials got, other = {"OTHER", "s", NULL, NULL, 0, NULL, NULL, NULL};
    source_gives("ONE", 3600);
    provider_init_fixed(&world.provider, &given, &world.arena);
    ask_all(&given, THREADS);
    for (int i = 0; i < THREADS; i++) {
        CHECK(!askings[i].renewed && askings[i].status == 0, "thread %d", i);
        CHECK_TEXT(askings[i].got.access_key_id, "FIXED", "thread %d", i);
    }
    forget_all();
    assert_true(provider_renew(&world.provider, &other, deadline_in(1000), &error)); /* there are others than those */
    world.provider.credentials.expires = clock_unix() - 1;
    world.provider.found_at = world.provider.early_after = 0;
    assert_int_equal(provider_get(&world.provider, deadline_in(1000), &got, &error), -1);
    assert_int_equal(error.reason, REASON_EXPIRED_CREDENTIALS);
    given = (struct credentials){.access_key_id = "BARE", .secret_access_key = "s", .expires = 1}; /* from nowhere */
    provider_init_fixed(&world.provider, &given, &world.arena);
    assert_false(provider_renew(&world.provider, &given, deadline_in(1000), &error));
    assert_int_equal(provider_get(&world.provider, deadline_in(1000), &got, &error), -1);
    assert_int_equal(calls(), 0);
}

/* The environment is a source that can change, too. */
static void test_environment(void **state)
{
    (void)state;
    struct credentials used;
    setenv("AWS_ACCESS_KEY_ID", "E1", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    assert_int_equal(provider_get(&world.provider, deadline_in(1000), &used, &error), 0);
    setenv("AWS_ACCESS_KEY_ID", "E2", 1);
    assert_string_equal(used.access_key_id, "E1"); /* a copy */
    assert_string_equal(get(), "E1");
    ask_all(&used, THREADS);
    for (int i = 0; i < THREADS; i++)
        CHECK_TEXT(askings[i].got.access_key_id, "E2", "thread %d", i);
    forget_all();
    assert_int_equal(calls(), 0);
}

/* A container's credential service on loopback: the connections of the HTTP client are shared by all threads. */
static atomic_int served;
static atomic_bool faulty; /* it answers with HTTP 500 */

static void *serve(void *data)
{
    int listener = *(int *)data;
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
        char request[4096];
        for (ssize_t got; (got = recv(fd, request, sizeof request - 1, 0)) > 0;) {
            request[got] = 0;
            char body[300], reply[600];
            snprintf(body, sizeof body, "{\"AccessKeyId\":\"HTTP%d\",\"SecretAccessKey\":\"s\",\"Token\":\"%s\","
                     "\"Expiration\":\"2099-01-01T00:00:00Z\"}", ++served, strstr(request, "Authorization: let-me") ? "T" : "");
            snprintf(reply, sizeof reply, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", faulty ? "500 Oops" : "200 OK",
                     strlen(body), body);
            usleep(50000);
            if (send(fd, reply, strlen(reply), MSG_NOSIGNAL) < 0)
                break;
        }
    }
    return NULL;
}

static void test_container(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    struct credentials used;
    pthread_t thread;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    served = 0;
    pthread_create(&thread, NULL, serve, &listener);
    aws_config_free(&world.config);
    load("[default]\n");
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", arena_printf(&arena, "http://127.0.0.1:%d/c", ntohs(address.sin_port)), 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let-me", 1);
    ask_all(NULL, 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK(askings[i].status == 0, "thread %d: %s", i, askings[i].status ? askings[i].error.cause : "");
        CHECK_TEXT(askings[i].got.access_key_id, "HTTP1", "thread %d", i);
    }
    forget_all();
    assert_int_equal(served, 1);
    for (int round = 2; round < 6; round++) {
        world.provider.renewed_at = 0; /* time goes by */
        assert_int_equal(provider_get(&world.provider, deadline_in(20000), &used, &error), 0);
        ask_all(&used, THREADS);
        for (int i = 0; i < THREADS; i++)
            CHECK_TEXT(askings[i].got.access_key_id, arena_printf(&arena, "HTTP%d", round), "thread %d", i);
        forget_all();
        CHECK(served == round, "round %d: %d", round, served);
    }
    assert_int_equal(world.http.requests, 5);
    /* A fault of the service passes: whoever was refused is told of it, also he who comes too soon to try again. */
    faulty = true;
    world.provider.renewed_at = 0;
    assert_int_equal(provider_get(&world.provider, deadline_in(20000), &used, &error), 0);
    ask_all(&used, THREADS);
    for (int i = 0; i < THREADS; i++)
        CHECK(!askings[i].renewed && askings[i].error.reason == REASON_SERVER_ERROR && askings[i].status == 0, "thread %d: %s", i,
              reason_name(askings[i].error.reason));
    forget_all();
    int asked = served; /* that is tried more than once, but by one thread */
    assert_true(asked > 5 && asked <= 8);
    world.provider.credentials.expires = clock_unix() - 1;
    world.provider.found_at = world.provider.early_after = 0;
    error_clear(&error);
    struct credentials got;
    assert_int_equal(provider_get(&world.provider, deadline_in(20000), &got, &error), -1);
    assert_true(error.reason == REASON_SERVER_ERROR && error.http_status == 500);
    assert_int_equal(served, asked);
    faulty = false;
    world.provider.futile_until = 0;
    assert_string_equal(get(), arena_printf(&arena, "HTTP%d", asked + 1));
    http_free(&world.http);
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_once),     CASE(test_renewed_once), CASE(test_same_again), CASE(test_failure_kept), CASE(test_timeout_not_kept),
        CASE(test_timeout_of_renewal), CASE(test_just_fetched), CASE(test_skew), CASE(test_slow_early_renewal), CASE(test_over_after_early),
        CASE(test_cause_of_renewal),
        CASE(test_near_end), CASE(test_over),         CASE(test_fixed),      CASE(test_environment),  CASE(test_container),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
