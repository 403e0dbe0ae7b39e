/* BatchGetImage against an API of the test's own on loopback: a reply that contradicts itself is no verdict. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "unit.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/hash.h"
#include "ecr/api.h"

#define ACCOUNT "123456789012"
#define OTHER   "sha256:0000000000000000000000000000000000000000000000000000000000000000"

static struct world {
    int listener;
    pthread_t thread;
    const char *body; /* of the next reply */
    char request[8192];
    struct trust trust;
    struct http http;
    struct aws_shared shared;
    struct ecr_api api;
} world;

static size_t find_end(const char *request)
{
    const char *head = strstr(request, "\r\n\r\n"), *length = strstr(request, "Content-Length: ");
    return head && length ? (size_t)(head - request) + 4 + strtoul(length + 16, NULL, 10) : SIZE_MAX;
}

static void *serve(void *unused)
{
    for (int fd; (fd = accept(world.listener, NULL, NULL)) >= 0; close(fd)) {
        size_t len = 0;
        for (ssize_t got = 1; got > 0 && (len == 0 || len < find_end(world.request)); len += got > 0 ? (size_t)got : 0) {
            got = recv(fd, world.request + len, sizeof world.request - 1 - len, 0);
            world.request[len + (got > 0 ? (size_t)got : 0)] = 0;
        }
        char head[200];
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nConnection: close\r\n"
                 "Content-Length: %zu\r\n\r\n", strlen(world.body));
        if (send(fd, head, strlen(head), MSG_NOSIGNAL) > 0 && send(fd, world.body, strlen(world.body), MSG_NOSIGNAL) < 0)
            break;
    }
    return unused;
}

static int setup(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    unit_setup(state);
    env_clean();
    signal(SIGPIPE, SIG_IGN);
    memset(&world, 0, sizeof world);
    world.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(world.listener, (struct sockaddr *)&address, len) || listen(world.listener, 8) ||
        getsockname(world.listener, (struct sockaddr *)&address, &len) || pthread_create(&world.thread, NULL, serve, NULL))
        return -1;
    trust_init(&world.trust);
    http_init(&world.http, &world.trust);
    retry_init(&world.shared.retry, 1);
    world.api = (struct ecr_api){.client = {.service = &ecr_service, .region = "us-east-1", .http = &world.http, .shared = &world.shared},
                                 .account = ACCOUNT, .partition = "aws"};
    url_parse(&arena, slice_of(arena_printf(&arena, "http://127.0.0.1:%d/", ntohs(address.sin_port))), &world.api.client.endpoint);
    return 0;
}

static int teardown(void **state)
{
    http_free(&world.http);
    trust_free(&world.trust);
    shutdown(world.listener, SHUT_RDWR);
    pthread_join(world.thread, NULL);
    close(world.listener);
    return unit_teardown(state);
}

static const char *digest_of(const char *content)
{
    uint8_t hash[SHA256_SIZE];
    struct buf text = BUF_INIT;
    sha256(slice_of(content), hash);
    buf_str(&text, "sha256:");
    encode_hex(&text, hash, sizeof hash);
    return buf_detach(&text, &arena);
}

/* Rows of a reply. `id` is the inside of the imageId. */
static const char *image(const char *id, const char *manifest)
{
    return arena_printf(&arena, "{\"registryId\":\"" ACCOUNT "\",\"repositoryName\":\"team/app\",\"imageId\":{%s},\"imageManifest\":\"%s\","
                        "\"imageManifestMediaType\":\"m\"}", id, manifest);
}

static const char *tagged(const char *tag, const char *manifest)
{
    return image(arena_printf(&arena, "\"imageTag\":\"%s\",\"imageDigest\":\"%s\"", tag, digest_of(manifest)), manifest);
}

static const char *failed(const char *id, const char *code)
{
    return arena_printf(&arena, "{\"imageId\":{%s},\"failureCode\":\"%s\",\"failureReason\":\"r\"}", id, code);
}

static void reply(const char *images, const char *failures)
{
    world.body = arena_printf(&arena, "{\"images\":[%s],\"failures\":[%s]}", images, failures);
}

static const char *two(const char *a, const char *b)
{
    return arena_printf(&arena, "%s,%s", a, b);
}

/* What comes of asking for the tag "v1" alone: -1 with bad-reply, or the reason. */
static int ask_for(const struct ecr_image_id *id, struct ecr_image *found)
{
    enum reason reason = REASON_COUNT;
    const char *failure = NULL;
    world.api.deadline = deadline_in(10000);
    error_clear(&error);
    int status = ecr_batch_get_image(&world.api, "team/app", id, 1, found, &reason, &failure, &arena, &error);
    CHECK(status == 0 || (status == -1 && error.reason == REASON_BAD_REPLY && error.http_status == 200), "%s: %s", world.body, error.cause);
    CHECK(status < 0 || (failure != NULL) == (reason != REASON_OK), "%s", world.body);
    return status < 0 ? -1 : (int)reason;
}

static const struct ecr_image_id v1 = {.tag = "v1"};

static void test_image(void **state)
{
    (void)state;
    struct ecr_image found;
    reply(tagged("v1", "{}"), "");
    assert_int_equal(ask_for(&v1, &found), REASON_OK);
    assert_string_equal(found.digest, digest_of("{}"));
    assert_true(slice_is(found.manifest, "{}") && strcmp(found.media_type, "m") == 0);
    assert_non_null(strstr(world.request, "BatchGetImage"));
    assert_non_null(strstr(world.request, "\"imageIds\":[{\"imageTag\":\"v1\"}]"));
    /* The bytes that JSON spells otherwise are those of the manifest. */
    reply(image(arena_printf(&arena, "\"imageTag\":\"v1\",\"imageDigest\":\"%s\"", digest_of("{\n\"a\": 1}")), "{\\n\\u0022a\\\": 1}"), "");
    assert_int_equal(ask_for(&v1, &found), REASON_OK);
    assert_true(slice_is(found.manifest, "{\n\"a\": 1}"));
    /* By digest. */
    struct ecr_image_id id = {.tag = "v1", .digest = digest_of("{}")};
    reply(image(arena_printf(&arena, "\"imageDigest\":\"%s\"", id.digest), "{}"), "");
    assert_int_equal(ask_for(&id, &found), REASON_OK);
    assert_non_null(strstr(world.request, arena_printf(&arena, "[{\"imageDigest\":\"%s\"}]", id.digest)));
    reply("", failed(arena_printf(&arena, "\"imageDigest\":\"%s\"", id.digest), "ImageNotFound"));
    assert_int_equal(ask_for(&id, &found), REASON_NO_IMAGE);
    /* Rows about others, or of other repositories, are none about it. */
    reply(two(tagged("v2", "{ }"), tagged("v1", "{}")), failed("\"imageTag\":\"v3\"", "ImageNotFound"));
    assert_int_equal(ask_for(&v1, &found), REASON_OK);
    assert_true(slice_is(found.manifest, "{}"));
    reply(two(tagged("v1", "{}"), tagged("v1", "{}")), ""); /* twice the same */
    assert_int_equal(ask_for(&v1, &found), REASON_OK);
    reply("", two(failed("\"imageTag\":\"v1\"", "ImageNotFound"), failed("\"imageTag\":\"v1\"", "ImageNotFound")));
    assert_int_equal(ask_for(&v1, &found), REASON_NO_IMAGE);
    reply("", failed("\"imageTag\":\"v1\"", "UpstreamUnavailable"));
    assert_int_equal(ask_for(&v1, &found), REASON_UPSTREAM_ERROR);
    /* A digest of another algorithm cannot be checked here. */
    const char *long_id = arena_printf(&arena, "\"imageTag\":\"v1\",\"imageDigest\":\"sha512:%s\"", repeat("0123456789abcdef", 8));
    reply(image(long_id, "{}"), "");
    assert_int_equal(ask_for(&v1, &found), REASON_OK);
}

static void test_contradictions(void **state)
{
    (void)state;
    const char *const rows[][2] = {
        {"", ""},
        {tagged("v2", "{}"), ""},
        {"", failed("\"imageTag\":\"v2\"", "ImageNotFound")},
        /* There and not there. */
        {tagged("v1", "{}"), failed("\"imageTag\":\"v1\"", "ImageNotFound")},
        {tagged("v1", "{}"), failed("\"imageTag\":\"v1\"", "UpstreamUnavailable")},
        {tagged("v1", "{}"), failed("\"imageTag\":\"v1\"", "SomethingNew")},
        /* Two images, two failures. */
        {two(tagged("v1", "{}"), tagged("v1", "{ }")), ""},
        {two(tagged("v1", "{ }"), two(tagged("v2", "{}"), tagged("v1", "{}"))), ""},
        {"", two(failed("\"imageTag\":\"v1\"", "ImageNotFound"), failed("\"imageTag\":\"v1\"", "UpstreamUnavailable"))},
        {"", two(failed("\"imageTag\":\"v1\"", "SomethingNew"), failed("\"imageTag\":\"v1\"", "ImageNotFound"))},
        /* A manifest that does not have its digest. */
        {image("\"imageTag\":\"v1\",\"imageDigest\":\"" OTHER "\"", "{}"), ""},
        {two(tagged("v1", "{}"), image("\"imageTag\":\"v1\",\"imageDigest\":\"" OTHER "\"", "{}")), ""},
        {image(arena_printf(&arena, "\"imageTag\":\"v1\",\"imageDigest\":\"%s\"", digest_of("{}")), "{} "), ""},
        /* None that could be read. */
        {image("\"imageTag\":\"v1\",\"imageDigest\":\"sha256:00\"", "{}"), ""},
        {image("\"imageTag\":\"v1\"", "{}"), ""},
        {"{\"imageId\":{\"imageTag\":\"v1\",\"imageDigest\":\"" OTHER "\"}}", ""},
        {"{\"imageId\":{\"imageTag\":\"v1\",\"imageDigest\":\"" OTHER "\"},\"imageManifest\":{}}", ""},
        {"", "{\"imageId\":{\"imageTag\":\"v1\"}}"},
        {"", "{\"imageId\":{\"imageTag\":\"v1\"},\"failureCode\":7}"},
    };
    struct ecr_image found;
    for (size_t i = 0; i < COUNT(rows); i++) {
        reply(rows[i][0], rows[i][1]);
        CHECK(ask_for(&v1, &found) == -1, "row %zu", i);
    }
    /* Of another repository or account. */
    const char *const strangers[] = {"\"repositoryName\":\"team/other\"", "\"registryId\":\"999999999999\""};
    for (size_t i = 0; i < COUNT(strangers); i++) {
        const char *row = arena_printf(&arena, "{%s,\"imageId\":{\"imageTag\":\"v1\",\"imageDigest\":\"%s\"},\"imageManifest\":\"{}\"}",
                                       strangers[i], digest_of("{}"));
        reply(row, "");
        CHECK(ask_for(&v1, &found) == -1, "%s", strangers[i]);
        reply(two(row, tagged("v1", "{ }")), "");
        CHECK(ask_for(&v1, &found) == REASON_OK && slice_is(found.manifest, "{ }"), "%s", strangers[i]);
    }
}

/* Each of several has its own answer; one without makes the whole reply bad. */
static void test_several(void **state)
{
    (void)state;
    const struct ecr_image_id ids[] = {{.tag = "v1"}, {.tag = "v2"}, {.digest = digest_of("{ }")}};
    struct ecr_image found[3];
    enum reason reasons[3];
    const char *failures[3];
    const char *third = image(arena_printf(&arena, "\"imageDigest\":\"%s\"", ids[2].digest), "{ }");
    world.api.deadline = deadline_in(10000);
    reply(two(third, tagged("v1", "{}")), failed("\"imageTag\":\"v2\"", "ImageNotFound"));
    assert_int_equal(ecr_batch_get_image(&world.api, "team/app", ids, 3, found, reasons, failures, &arena, &error), 0);
    assert_true(reasons[0] == REASON_OK && reasons[1] == REASON_NO_IMAGE && reasons[2] == REASON_OK);
    assert_true(!failures[0] && !failures[2] && strcmp(failures[1], "ImageNotFound") == 0);
    assert_true(slice_is(found[0].manifest, "{}") && slice_is(found[2].manifest, "{ }") && !found[1].digest);
    reply(two(third, tagged("v1", "{}")), "");
    assert_int_equal(ecr_batch_get_image(&world.api, "team/app", ids, 3, found, reasons, failures, &arena, &error), -1);
    assert_int_equal(error.reason, REASON_BAD_REPLY);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(test_image), CASE(test_contradictions), CASE(test_several)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
