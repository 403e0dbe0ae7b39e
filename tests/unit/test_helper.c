/* Docker's credential helper protocol and the cache that is shared with amazon-ecr-credential-helper; the kubelet's
 * protocol. */
#include <errno.h>
#include <sys/file.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "unit.h"

#include "auth/helper_cache.h"
#include "auth/helper_protocol.h"
#include "auth/kubelet.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/file_write.h"

static void test_server_url(void **state)
{
    (void)state;
    static const struct {
        const char *input, *url;
    } rows[] = {
        {"", ""}, {"\n", ""}, {"\r\n\r\n", ""}, {" \t\n", ""}, {"r.test", "r.test"}, {"r.test\n", "r.test"},
        {"r.test\r\n", "r.test"}, {"  https://r.test/v2/ \n", "https://r.test/v2/"}, {"r.te\nst\n", "r.test"},
        {"\n\nr.test\n\n", "r.test"}, {"a\r\nb\r\nc", "abc"}, {"a b", "a b"}, {"a\rb\n", "a\rb"}, {"a \n b", "a  b"},
        {"a\r", "a"}, {"\xc3\xa9\n", "\xc3\xa9"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice url = helper_server_url(&arena, slice_of(rows[i].input));
        CHECK_TEXT(arena_copy(&arena, url), rows[i].url, "row %zu", i);
    }
    struct slice url = helper_server_url(&arena, (struct slice){"a\0b\n", 4});
    assert_true(slice_equal(url, (struct slice){"a\0b", 3}));
    char *lines = repeat("x\n", 30000);
    assert_int_equal(helper_server_url(&arena, slice_of(lines)).len, 30000);
}

static void test_host(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host;
    } rows[] = {
        {"r.test", "r.test"}, {"https://r.test", "r.test"}, {"https://r.test/", "r.test"}, {"https://r.test/v2/x", "r.test"},
        {"r.test/v1/", "r.test"}, {"r.test:5000", "r.test"}, {"https://r.test:443/v2", "r.test"}, {"r.test:", "r.test"},
        {"r.test:65535", "r.test"}, {"r.test?x=/y", "r.test"}, {"r.test#x", "r.test"}, {"https://r.test?@evil", "r.test"},
        {"user@r.test", "r.test"}, {"https://user:pass@r.test:5000/", "r.test"}, {"a@b@r.test", "r.test"},
        {"r.test/a@evil.test", "r.test"}, {"R.test", "R.test"}, {"r..test", "r..test"},
        /* None. */
        {"", NULL}, {"https://", NULL}, {"/x", NULL}, {"https:///x", NULL}, {":443", NULL}, {"?x", NULL}, {"#", NULL},
        {"user@", NULL}, {"r.test:65536", NULL}, {"r.test:x", NULL}, {"r.test:-1", NULL}, {"r.test:1:2", NULL},
        {"[::1]:5000", NULL}, {"https://https://r.test", NULL}, {"http://r.test", NULL}, {"docker://r.test", NULL},
        {"HTTPS://r.test", NULL}, {"https://r.test://x", NULL}, {"r.test/?x=http://y", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(helper_host(&arena, slice_of(rows[i].url)), rows[i].host, "%s", rows[i].url);
    assert_null(helper_host(&arena, (struct slice){"r.test\0.evil", 12}));
    assert_null(helper_host(&arena, (struct slice){NULL, 0}));
    static const char *const schemes[] = {"http://r.test", "HTTPS://r.test", "docker://r.test", "https:/r.test"};
    for (size_t i = 0; i < COUNT(schemes); i++) {
        const char *host = helper_host(&arena, slice_of(schemes[i]));
        CHECK(!host || !strchr(host, '.'), "%s: %s", schemes[i], host);
    }
    /* The whole is taken, not what stands within a longer name. */
    assert_string_equal(helper_host(&arena, SLICE("https://123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.test/")),
                        "123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.test");
}

/* As Go's json.NewEncoder writes a struct: these bytes are compared by scripts. */
static void test_credentials_text(void **state)
{
    (void)state;
    static const struct {
        const char *url, *user, *password, *text;
    } rows[] = {
        {"r.test", "AWS", "pass", "{\"ServerURL\":\"r.test\",\"Username\":\"AWS\",\"Secret\":\"pass\"}\n"},
        {"", "", "", "{\"ServerURL\":\"\",\"Username\":\"\",\"Secret\":\"\"}\n"},
        {"a\"b\\c/d", "\n\r\t", "\x01\x1f\x7f",
         "{\"ServerURL\":\"a\\\"b\\\\c/d\",\"Username\":\"\\n\\r\\t\",\"Secret\":\"\\u0001\\u001f\x7f\"}\n"},
        {"<a>&'", "\b\f", "+=",
         "{\"ServerURL\":\"\\u003ca\\u003e\\u0026'\",\"Username\":\"\\u0008\\u000c\",\"Secret\":\"+=\"}\n"},
        {"\xc3\xa9", "\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa7", "\xff\xc3",
         "{\"ServerURL\":\"\xc3\xa9\",\"Username\":\"\\u2028\\u2029\xe2\x80\xa7\",\"Secret\":\"\\ufffd\\ufffd\"}\n"},
        {"\xf0\x9f\x98\x80", "##[x]", "\xed\xa0\x80",
         "{\"ServerURL\":\"\xf0\x9f\x98\x80\",\"Username\":\"##[x]\",\"Secret\":\"\\ufffd\\ufffd\\ufffd\"}\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT;
        struct json json;
        helper_write_credentials(&out, slice_of(rows[i].url), rows[i].user, rows[i].password);
        CHECK_TEXT(out.data, rows[i].text, "row %zu", i);
        CHECK(json_parse(&arena, buf_view(&out), &json) == 0, "row %zu", i);
        buf_free(&out);
    }
    struct buf out = BUF_INIT;
    helper_write_credentials(&out, (struct slice){"a\0b", 3}, "u", "p");
    assert_string_equal(out.data, "{\"ServerURL\":\"a\\u0000b\",\"Username\":\"u\",\"Secret\":\"p\"}\n");
    buf_free(&out);
}

static void test_list(void **state)
{
    (void)state;
    struct helper_server none[1], servers[] = {
        {"https://b.test", "AWS"}, {"https://a.test", "AWS"}, {"https://b.test", "AWS"}, {"https://a.test/x", "AWS"},
        {"https://B.test", "A\"S"}, {"https://a.test", "AWS"}, {"<", "AWS"},
    };
    struct buf out = BUF_INIT;
    helper_write_list(&out, none, 0);
    assert_string_equal(out.data, "{}\n");
    buf_clear(&out);
    helper_write_list(&out, servers, 1);
    assert_string_equal(out.data, "{\"https://b.test\":\"AWS\"}\n");
    buf_clear(&out);
    helper_write_list(&out, servers, COUNT(servers)); /* sorted by their bytes, as Go sorts a map's keys */
    assert_string_equal(out.data, "{\"\\u003c\":\"AWS\",\"https://B.test\":\"A\\\"S\",\"https://a.test\":\"AWS\","
                                  "\"https://a.test/x\":\"AWS\",\"https://b.test\":\"AWS\"}\n");
    buf_free(&out);
}

#define NEW_KEY "us-east-1-eomOUNvVuDBRScNARtFZ99ArXR/gIdTeZAhC04NftUk=-123456789012"
#define OLD_KEY "us-east-1-QUtJREVYQU1QTEXUHYzZjwCyBOmACZjs+EJ+-123456789012"
#define NEW_PUBLIC "ecr-public-eomOUNvVuDBRScNARtFZ99ArXR/gIdTeZAhC04NftUk="
#define OLD_PUBLIC "ecr-public-QUtJREVYQU1QTEXUHYzZjwCyBOmACZjs+EJ+"
#define ENTRY(token)                                                                                                   \
    "{\"AuthorizationToken\":\"" token "\",\"RequestedAt\":\"2026-11-21T06:00:00.123456789Z\","                        \
    "\"ExpiresAt\":\"2026-11-21T20:00:00+02:00\",\"ProxyEndpoint\":\"https://r.test\",\"Service\":\"ecr\"}"

static const struct cache_subject subject = {"AKIDEXAMPLE", "us-east-1", "123456789012"};
static const struct cache_subject public_subject = {"AKIDEXAMPLE", "us-east-1", NULL};

static void test_cache_path(void **state)
{
    (void)state;
    env_clean();
    assert_null(helper_cache_path(&arena));
    setenv("AWS_ECR_CACHE_DIR", "", 1);
    assert_null(helper_cache_path(&arena));
    setenv("AWS_ECR_CACHE_DIR", "/c", 1);
    assert_string_equal(helper_cache_path(&arena), "/c/cache.json");
    setenv("AWS_ECR_CACHE_DIR", "~/.ecr", 1);
    assert_null(helper_cache_path(&arena));
    setenv("HOME", "/h", 1);
    assert_string_equal(helper_cache_path(&arena), "/h/.ecr/cache.json");
    setenv("AWS_ECR_DISABLE_CACHE", "", 1);
    assert_non_null(helper_cache_path(&arena));
    setenv("AWS_ECR_DISABLE_CACHE", "false", 1); /* as in that helper: set is set */
    assert_null(helper_cache_path(&arena));
    env_clean();
}

static void test_cache_find(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *token; /* NULL: none */
    } rows[] = {
        {"{\"Registries\":{\"" NEW_KEY "\":" ENTRY("new") "},\"Version\":\"1.0\"}", "new"},
        {"{\"Registries\":{\"" OLD_KEY "\":" ENTRY("old") "},\"Version\":\"1.0\"}", "old"},
        {"{\"Registries\":{\"" OLD_KEY "\":" ENTRY("old") ",\"" NEW_KEY "\":" ENTRY("new") "},\"Version\":\"1.0\"}", "new"},
        {"{\"Registries\":{\"" OLD_KEY "\":" ENTRY("old") ",\"" NEW_KEY "\":{}},\"Version\":\"1.0\"}", "old"},
        {"{\"Registries\":{\"" NEW_KEY "\":" ENTRY("new") "}}", "new"}, /* without a version */
        {"{\"Registries\":{\"" NEW_KEY "\":" ENTRY("new") "},\"Version\":null}", "new"},
        {"{\"Registries\":{\"" NEW_KEY "\":" ENTRY("new") "},\"Version\":\"2.0\"}", NULL},
        {"{\"Registries\":{\"" NEW_KEY "\":" ENTRY("new") "},\"Version\":1.0}", NULL},
        {"{\"Registries\":{\"" NEW_PUBLIC "\":" ENTRY("new") "},\"Version\":\"1.0\"}", NULL},
        {"{\"Registries\":{\"eu-west-1" NEW_KEY "\":" ENTRY("new") "},\"Version\":\"1.0\"}", NULL},
        {"{\"Registries\":{\"" NEW_KEY "\":" ENTRY("") "},\"Version\":\"1.0\"}", NULL},
        {"{\"Registries\":{\"" NEW_KEY "\":{\"AuthorizationToken\":\"t\"}},\"Version\":\"1.0\"}", NULL},
        {"{\"Registries\":{\"" NEW_KEY "\":\"t\"},\"Version\":\"1.0\"}", NULL},
        {"{\"Registries\":{\"" NEW_KEY "\":null},\"Version\":\"1.0\"}", NULL},
        {"{\"Registries\":{\"" NEW_KEY "\":{\"AuthorizationToken\":\"t\",\"RequestedAt\":\"yesterday\",\"ExpiresAt\":"
         "\"2026-11-21T20:00:00Z\",\"ProxyEndpoint\":\"https://r.test\"}},\"Version\":\"1.0\"}", NULL},
        {"{\"Registries\":{\"" NEW_KEY "\":{\"AuthorizationToken\":7,\"RequestedAt\":\"2026-11-21T06:00:00Z\",\"ExpiresAt\":"
         "\"2026-11-21T20:00:00Z\",\"ProxyEndpoint\":\"https://r.test\"}},\"Version\":\"1.0\"}", NULL},
        {"{\"Registries\":[],\"Version\":\"1.0\"}", NULL}, {"{\"Version\":\"1.0\"}", NULL}, {"{}", NULL}, {"[]", NULL},
        {"null", NULL}, {"", NULL}, {"{\"Registries\":{\"" NEW_KEY "\":" ENTRY("new") "},\"Version\":\"1.0\"", NULL},
        {"\xff\xfe", NULL}, {"{\"Registries\":{},\"Version\":\"1.0\"}", NULL},
    };
    char *folder = new_folder();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cached_token token = {NULL, NULL, 0, 0, false};
        char *path = write_file(folder, "cache.json", rows[i].text);
        CHECK(helper_cache_find(&arena, path, &subject, &token) == (rows[i].token != NULL), "%s", rows[i].text);
        if (rows[i].token) {
            CHECK_TEXT(token.value, rows[i].token, "%s", rows[i].text);
            CHECK_TEXT(token.endpoint, "https://r.test", "%s", rows[i].text);
            CHECK(token.requested_at == 1795240800 && token.expires_at == 1795284000 && !token.is_public, "%s", rows[i].text);
        }
    }
    struct cached_token token;
    size_t count;
    assert_false(helper_cache_find(&arena, arena_printf(&arena, "%s/none", folder), &subject, &token));
    assert_false(helper_cache_find(&arena, folder, &subject, &token));
    helper_cache_all(&arena, folder, &count);
    assert_int_equal(count, 0);
    static const char *const others[] = {"AKIDEXAMPLF", "akidexample", "AKIDEXAMPL", ""};
    char *path = write_file(folder, "cache.json", "{\"Registries\":{\"" OLD_KEY "\":" ENTRY("old") ",\"" NEW_KEY "\":"
                            ENTRY("new") ",\"" OLD_PUBLIC "\":" ENTRY("pub") "}}");
    for (size_t i = 0; i < COUNT(others); i++) {
        struct cache_subject other = {others[i], "us-east-1", "123456789012"};
        CHECK(!helper_cache_find(&arena, path, &other, &token), "%s", others[i]);
    }
    assert_false(helper_cache_find(&arena, path, &(struct cache_subject){"AKIDEXAMPLE", "us-east-2", "123456789012"}, &token));
    assert_false(helper_cache_find(&arena, path, &(struct cache_subject){"AKIDEXAMPLE", "us-east-1", "123456789013"}, &token));
    assert_true(helper_cache_find(&arena, path, &public_subject, &token));
    assert_string_equal(token.value, "pub");
    assert_string_equal(helper_cache_all(&arena, path, &count)[0].value, "old");
    assert_int_equal(count, 3);
    path = write_file(folder, "cache.json", "{\"Registries\":{\"x\":7,\"y\":{},\"z\":" ENTRY("z") "}}");
    assert_string_equal(helper_cache_all(&arena, path, &count)[0].value, "z");
    assert_int_equal(count, 1);
    remove_folder(folder);
}

static void test_cache_store(void **state)
{
    (void)state;
    static const char *const before[] = {
        NULL, "", "broken", "{}", "[]", "{\"Version\":\"2.0\",\"Registries\":{\"other\":" ENTRY("o") "}}",
        "{\"Registries\":null}", "{\"Registries\":[1],\"Version\":\"1.0\"}",
        "{\"Registries\":{\"" NEW_KEY "\":" ENTRY("n") ",\"" NEW_KEY "\":" ENTRY("m") ",\"" OLD_KEY "\":7},\"Version\":\"1.0\"}",
    };
    struct cached_token token = {"tok/en+=", "https://123456789012.dkr.ecr.us-east-1.amazonaws.com", 1795240800, 1795284000,
                                 false};
    for (size_t i = 0; i < COUNT(before); i++) {
        char *folder = new_folder(), *path = arena_printf(&arena, "%s/made/cache.json", folder);
        struct cached_token found;
        struct buf text;
        struct json json;
        if (before[i])
            path = write_file(folder, "cache.json", before[i]);
        CHECK(helper_cache_store(&arena, path, &subject, &token, deadline_in(1000)) == 0, "row %zu", i);
        CHECK(helper_cache_find(&arena, path, &subject, &found), "row %zu", i);
        CHECK_TEXT(found.value, token.value, "row %zu", i);
        CHECK_TEXT(found.endpoint, token.endpoint, "row %zu", i);
        CHECK(found.requested_at == token.requested_at && found.expires_at == token.expires_at && !found.is_public,
              "row %zu", i);
        CHECK(file_read(path, 1 << 20, &text) == 0 && json_parse(&arena, buf_view(&text), &json) == 0, "row %zu", i);
        struct json_node root = json_root(&json), entries = json_get(root, "Registries");
        CHECK(json_equals(json_get(root, "Version"), "1.0"), "row %zu", i);
        const char *const keys[] = {NEW_KEY, OLD_KEY}; /* old releases find it as well */
        for (size_t k = 0; k < 2; k++) {
            struct json_node entry = json_get(entries, keys[k]);
            CHECK(json_equals(json_get(entry, "AuthorizationToken"), token.value) &&
                      json_equals(json_get(entry, "RequestedAt"), "2026-11-21T06:00:00Z") &&
                      json_equals(json_get(entry, "ExpiresAt"), "2026-11-21T18:00:00Z") &&
                      json_equals(json_get(entry, "ProxyEndpoint"), token.endpoint) &&
                      json_equals(json_get(entry, "Service"), "ecr"), "row %zu: %s", i, text.data);
        }
        buf_free(&text);
        remove_folder(folder);
    }
    /* All other entries stay, and what nobody here knows. */
    char *folder = new_folder();
    char *path = write_file(folder, "cache.json", "{\"x\":[1.0],\"Registries\":{\"other\":" ENTRY("o") ",\"odd\":7},\"Version\":\"1.0\"}");
    struct cached_token found;
    struct buf text;
    struct stat info;
    size_t count;
    token.is_public = true;
    assert_int_equal(helper_cache_store(&arena, path, &public_subject, &token, deadline_in(1000)), 0);
    assert_int_equal(helper_cache_store(&arena, path, &subject, &token, deadline_in(1000)), 0);
    assert_true(helper_cache_find(&arena, path, &public_subject, &found) && found.is_public);
    helper_cache_all(&arena, path, &count);
    assert_int_equal(count, 5);
    assert_int_equal(file_read(path, 1 << 20, &text), 0);
    assert_true(strstr(text.data, "1.0\n\t],") && strstr(text.data, "\"odd\": 7") && strstr(text.data, "\"o\""));
    assert_true(strstr(text.data, NEW_PUBLIC) && strstr(text.data, OLD_PUBLIC));
    buf_free(&text);
    assert_true(stat(path, &info) == 0 && (info.st_mode & 07777) == 0600);
    /* Where another holds the lock, or the place is none, nothing is kept and nothing breaks. */
    struct file_lock lock, beside;
    assert_int_equal(file_lock(path, deadline_in(1000), &lock), 0);
    token.value = "later";
    assert_int_equal(helper_cache_store(&arena, path, &subject, &token, deadline_in(100)), ETIMEDOUT);
    file_unlock(&lock);
    assert_true(helper_cache_find(&arena, path, &subject, &found));
    assert_string_equal(found.value, "tok/en+=");
    /* Another file's lock is no matter, nor what a stranger does with the folder. */
    int hold = open(folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(hold, LOCK_EX), 0);
    assert_int_equal(file_lock(write_file(folder, "config.json", "{}"), deadline_in(1000), &beside), 0);
    assert_int_equal(helper_cache_store(&arena, path, &subject, &token, deadline_in(100)), 0);
    close(hold);
    file_unlock(&beside);
    assert_true(helper_cache_find(&arena, path, &subject, &found));
    assert_string_equal(found.value, "later");
    assert_int_equal(access(arena_printf(&arena, "%s.lock", path), F_OK), -1);
    /* A lock that somebody planted is not waited for. */
    assert_int_equal(symlink("/nowhere", arena_printf(&arena, "%s.lock", path)), 0);
    assert_int_equal(helper_cache_store(&arena, path, &subject, &token, deadline_in(5000)), EPERM);
    assert_int_equal(unlink(arena_printf(&arena, "%s.lock", path)), 0);
    assert_int_equal(helper_cache_store(&arena, arena_printf(&arena, "%s/x/cache.json", path), &subject, &token,
                                        deadline_in(100)), ENOTDIR);
    assert_int_equal(helper_cache_store(&arena, folder, &subject, &token, deadline_in(100)), EINVAL);
    remove_folder(folder);
}

static void test_fresh(void **state)
{
    (void)state;
    static const struct {
        int64_t requested, expires; /* seconds from now */
        bool fresh;
    } rows[] = {
        {0, 43200, true}, {-21500, 21700, true}, {-21700, 21500, false}, {-43200, 0, false}, {-43300, -100, false},
        {0, 0, false}, {100, 50, false}, {50, 100, true}, {-100000, 200000, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t now = clock_unix();
        struct cached_token token = {"t", "e", now + rows[i].requested, now + rows[i].expires, false};
        CHECK(cached_token_is_fresh(&token) == rows[i].fresh, "row %zu", i);
    }
}

#define GROUP "credentialprovider.kubelet.k8s.io/"
#define REQUEST(version, rest)                                                                                         \
    "{\"kind\":\"CredentialProviderRequest\",\"apiVersion\":\"" GROUP version "\"" rest "}"

static void test_kubelet_request(void **state)
{
    (void)state;
    static const struct {
        const char *text, *version, *image, *token, *role; /* version NULL: refused */
    } rows[] = {
        {REQUEST("v1", ",\"image\":\"r.test/a:1\""), GROUP "v1", "r.test/a:1", NULL, NULL},
        {REQUEST("v1beta1", ",\"image\":\"i\""), GROUP "v1beta1", "i", NULL, NULL},
        {REQUEST("v1alpha1", ",\"image\":\"i\""), GROUP "v1alpha1", "i", NULL, NULL},
        {REQUEST("v1", ",\"image\":\"i\",\"serviceAccountToken\":\"t\",\"serviceAccountAnnotations\":"
                       "{\"eks.amazonaws.com/ecr-role-arn\":\"arn:r\",\"eks.amazonaws.com/role-arn\":\"arn:s\"}"),
         GROUP "v1", "i", "t", "arn:r"},
        {REQUEST("v1", ",\"image\":\"i\",\"serviceAccountToken\":\"\",\"serviceAccountAnnotations\":{}"), GROUP "v1", "i", NULL, NULL},
        {REQUEST("v1", ",\"image\":\"i\",\"serviceAccountToken\":null,\"serviceAccountAnnotations\":null"), GROUP "v1", "i", NULL, NULL},
        {" \n{\"new\":[],\"image\":\"i\",\"apiVersion\":\"" GROUP "v1\",\"kind\":\"CredentialProviderRequest\"}\n", GROUP "v1", "i", NULL, NULL},
        {REQUEST("v2", ",\"image\":\"i\""), NULL, NULL, NULL, NULL}, {REQUEST("v1 ", ",\"image\":\"i\""), NULL, NULL, NULL, NULL},
        {REQUEST("", ",\"image\":\"i\""), NULL, NULL, NULL, NULL}, {REQUEST("v1", ""), NULL, NULL, NULL, NULL},
        {REQUEST("v1", ",\"image\":\"\""), NULL, NULL, NULL, NULL}, {REQUEST("v1", ",\"image\":7"), NULL, NULL, NULL, NULL},
        {REQUEST("v1", ",\"image\":null"), NULL, NULL, NULL, NULL}, {REQUEST("v1", ",\"image\":\"a\\u0000b\""), NULL, NULL, NULL, NULL},
        /* What is no text counts as a mistake, not as missing: other credentials would be given. */
        {REQUEST("v1", ",\"image\":\"i\",\"serviceAccountToken\":7"), NULL, NULL, NULL, NULL},
        {REQUEST("v1", ",\"image\":\"i\",\"serviceAccountToken\":{}"), NULL, NULL, NULL, NULL},
        {REQUEST("v1", ",\"image\":\"i\",\"serviceAccountToken\":\"a\\u0000\""), NULL, NULL, NULL, NULL},
        {REQUEST("v1", ",\"image\":\"i\",\"serviceAccountAnnotations\":[]"), NULL, NULL, NULL, NULL},
        {REQUEST("v1", ",\"image\":\"i\",\"serviceAccountAnnotations\":\"x\""), NULL, NULL, NULL, NULL},
        {REQUEST("v1", ",\"image\":\"i\",\"serviceAccountAnnotations\":{\"eks.amazonaws.com/ecr-role-arn\":7}"), NULL, NULL, NULL, NULL},
        {REQUEST("v1", ",\"image\":\"i\",\"serviceAccountAnnotations\":{\"eks.amazonaws.com/ecr-role-arn\":[\"arn:r\"]}"), NULL, NULL, NULL, NULL},
        {REQUEST("v1", ",\"image\":\"i\",\"serviceAccountAnnotations\":{\"eks.amazonaws.com/role-arn\":7}"), GROUP "v1", "i", NULL, NULL},
        {"{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"" GROUP "v1\",\"image\":\"i\"}", NULL, NULL, NULL, NULL},
        {"{\"apiVersion\":\"" GROUP "v1\",\"image\":\"i\"}", NULL, NULL, NULL, NULL},
        {"{\"kind\":\"CredentialProviderRequest\",\"image\":\"i\"}", NULL, NULL, NULL, NULL},
        {"{\"kind\":\"CredentialProviderRequest\",\"apiVersion\":\"v1\",\"image\":\"i\"}", NULL, NULL, NULL, NULL},
        {"", NULL, NULL, NULL, NULL}, {"{}", NULL, NULL, NULL, NULL}, {"[]", NULL, NULL, NULL, NULL}, {"null", NULL, NULL, NULL, NULL},
        {"secret", NULL, NULL, NULL, NULL}, {REQUEST("v1", ",\"image\":\"i\"") "x", NULL, NULL, NULL, NULL},
        {"{\"kind\":\"CredentialProviderRequest\"", NULL, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kubelet_request request;
        error_clear(&error);
        int status = kubelet_request_parse(&arena, slice_of(rows[i].text), &request, &error);
        CHECK(status == (rows[i].version ? 0 : -1), "%s", rows[i].text);
        if (status < 0) {
            CHECK(error.reason == REASON_REFUSED && error.hint && !strstr(error_text(&error, &arena), "secret"), "%s", rows[i].text);
            continue;
        }
        CHECK_TEXT(request.api_version, rows[i].version, "%s", rows[i].text);
        CHECK_TEXT(request.image, rows[i].image, "%s", rows[i].text);
        CHECK_TEXT(request.token, rows[i].token, "%s", rows[i].text);
        CHECK_TEXT(request.role, rows[i].role, "%s", rows[i].text);
    }
}

static void test_kubelet_registry(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"r.test/a:1", "r.test"}, {"r.test:5000/a:1", "r.test"}, {"https://r.test/a", "r.test"}, {"a", "a"}, {"a:1", "a"},
        {"r.test/a/b@sha256:0", "r.test"}, {"/a", ""}, {"", ""}, {"public.ecr.aws/x/y", "public.ecr.aws"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(kubelet_registry(&arena, rows[i][0]), rows[i][1], "%s", rows[i][0]);
}

static void test_kubelet_response(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        {0, "0s"}, {1, "1s"}, {59, "59s"}, {60, "1m0s"}, {61, "1m1s"}, {3599, "59m59s"}, {3600, "1h0m0s"}, {3601, "1h0m1s"},
        {3660, "1h1m0s"}, {21600, "6h0m0s"}, {86399, "23h59m59s"}, {86400, "24h0m0s"}, {360000, "100h0m0s"},
    };
    static const char *const versions[] = {GROUP "v1", GROUP "v1beta1", GROUP "v1alpha1"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kubelet_request request = {.api_version = versions[i % 3]};
        struct kubelet_credentials credentials = {"r.test", "AWS", "p\"w", rows[i].seconds};
        struct buf out = BUF_INIT;
        kubelet_response_write(&out, &request, &credentials);
        CHECK_TEXT(out.data, arena_printf(&arena, "{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"%s\","
                   "\"cacheKeyType\":\"Registry\",\"cacheDuration\":\"%s\",\"auth\":{\"r.test\":{\"username\":\"AWS\","
                   "\"password\":\"p\\\"w\"}}}\n", versions[i % 3], rows[i].text), "%jd", (intmax_t)rows[i].seconds);
        buf_free(&out);
    }
    struct kubelet_request request = {.api_version = GROUP "v1"};
    struct kubelet_credentials none = {.registry = "r.test", .cache_seconds = 7};
    struct buf out = BUF_INIT;
    kubelet_response_write(&out, &request, &none);
    assert_string_equal(out.data, "{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"" GROUP "v1\","
                                  "\"cacheKeyType\":\"Registry\",\"auth\":{}}\n");
    buf_free(&out);
}

RUN(TEST(test_server_url), TEST(test_host), TEST(test_credentials_text), TEST(test_list), TEST(test_cache_path),
    TEST(test_cache_find), TEST(test_cache_store), TEST(test_fresh), TEST(test_kubelet_request),
    TEST(test_kubelet_registry), TEST(test_kubelet_response))
