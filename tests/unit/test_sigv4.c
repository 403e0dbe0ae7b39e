/* Signature Version 4 against known answers, and what the request carries afterwards. */
#include "unit.h"

#include "aws/sigv4.h"

struct vector {
    const char *name, *method, *url;
    struct {
        const char *name, *value;
    } headers[12];
    const char *body;
    size_t body_len, body_times;
    const char *key, *secret, *token, *region, *service;
    int64_t time;
    const char *canonical, *to_sign, *authorization;
};

#include "sigv4_vectors.h"

static struct slice body_of(const struct vector *v)
{
    struct buf body = BUF_INIT;
    for (size_t i = 0; i < v->body_times; i++)
        buf_add(&body, v->body, v->body_len);
    struct slice kept = arena_slice(&arena, buf_view(&body));
    buf_free(&body);
    return kept;
}

static void make_request(const struct vector *v, struct http_request *request)
{
    struct url url;
    CHECK_TEXT(url_parse(&arena, slice_of(v->url), &url), NULL, "%s", v->name);
    http_request_init(request, v->method, &url);
    for (size_t i = 0; v->headers[i].name; i++)
        http_request_add(request, v->headers[i].name, v->headers[i].value, false);
    request->body = body_of(v);
}

static const struct http_field *field(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->field_count; i++)
        if (strcasecmp(request->fields[i].name, name) == 0)
            return &request->fields[i];
    return NULL;
}

static void test_known_answers(void **state)
{
    (void)state;
    assert_true(COUNT(vectors) >= 30);
    for (size_t i = 0; i < COUNT(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct credentials credentials = {.access_key_id = v->key, .secret_access_key = v->secret,
            .session_token = v->token};
        struct sigv4_scope scope = {v->region, v->service, v->time};
        struct http_request request;
        char *names;
        make_request(v, &request);
        sigv4_sign(&arena, &request, &credentials, scope);
        assert_string_equal(request.fields[request.field_count - 1].name, "Authorization");
        char *canonical = sigv4_canonical_request(&arena, &request, &names);
        CHECK_TEXT(canonical, v->canonical, "%s", v->name);
        CHECK_TEXT(sigv4_string_to_sign(&arena, slice_of(canonical), scope), v->to_sign, "%s", v->name);
        CHECK_TEXT(field(&request, "authorization")->value, v->authorization, "%s", v->name);
    }
}

static void test_what_is_added(void **state)
{
    (void)state;
    struct credentials credentials = {.access_key_id = "AKID", .secret_access_key = "secret", .session_token = "token"};
    struct http_request request;
    make_request(&vectors[0], &request);
    size_t before = request.field_count;
    sigv4_sign(&arena, &request, &credentials, (struct sigv4_scope){"us-east-1", "ecr", 0});
    assert_int_equal(request.field_count, before + 3);
    assert_string_equal(field(&request, "x-amz-date")->value, "19700101T000000Z");
    assert_string_equal(field(&request, "x-amz-security-token")->value, "token");
    assert_true(field(&request, "x-amz-security-token")->secret);
    assert_true(field(&request, "authorization")->secret);
    assert_null(strstr(field(&request, "authorization")->value, "secret"));

    credentials.session_token = NULL;
    make_request(&vectors[0], &request);
    sigv4_sign(&arena, &request, &credentials, (struct sigv4_scope){"us-east-1", "ecr", 0});
    assert_int_equal(request.field_count, before + 2);
    assert_null(field(&request, "x-amz-security-token"));
}

RUN(TEST(test_known_answers), TEST(test_what_is_added))
