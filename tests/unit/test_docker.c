/* What is stored for registries, and where the daemon listens. */
#include "unit.h"

#include "auth/stored.h"
#include "base/encode.h"
#include "base/hash.h"
#include "docker/endpoint.h"

static void test_config(void **state)
{
    (void)state;
    enum { BROKEN = -2 }; /* the text itself is refused */
    static const struct {
        const char *text, *registry;
        int found;
        const char *username, *password, *identity, *token;
    } rows[] = {
        {"{}", "r.test", 0, NULL, NULL, NULL, NULL}, {"{\"auths\":{}}", "r.test", 0, NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"r.test\":{}}}", "r.test", 0, NULL, NULL, NULL, NULL},
        {"{\"auths\":null}", "r.test", 0, NULL, NULL, NULL, NULL},
        {"{\"auths\":[]}", "r.test", 0, NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"r.test\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "r.test", 1, "user", "pass", NULL, NULL},
        {"{\"auths\":{\"r.test\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "s.test", 0, NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"r.test\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "r.test:5000", 0, NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"r.test:5000\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "r.test", 0, NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"R.Test\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "r.test", 1, "user", "pass", NULL, NULL},
        {"{\"auths\":{\"x.r.test\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "r.test", 0, NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"https://r.test/v1/\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "r.test", 1, "user", "pass", NULL, NULL},
        {"{\"auths\":{\"http://r.test:5000/v2/\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "r.test:5000", 1, "user", "pass", NULL,
         NULL},
        {"{\"auths\":{\"https://r.test\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "r.test", 1, "user", "pass", NULL, NULL},
        {"{\"auths\":{\"https://r.test/v1/\":{\"auth\":\"b2xkOm9sZA==\"},\"r.test\":{\"auth\":\"dXNlcjpwYXNz\"}}}",
         "r.test", 1, "user", "pass", NULL, NULL},
        {"{\"auths\":{\"https://r.test.evil/\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "r.test", 0, NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "docker.io", 1, "user", "pass",
         NULL, NULL},
        {"{\"auths\":{\"index.docker.io\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "docker.io", 1, "user", "pass", NULL, NULL},
        {"{\"auths\":{\"registry-1.docker.io\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "docker.io", 1, "user", "pass", NULL,
         NULL},
        {"{\"auths\":{\"docker.io\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "docker.io", 1, "user", "pass", NULL, NULL},
        {"{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "r.test", 0, NULL, NULL, NULL,
         NULL},
        {"{\"auths\":{\"https://evil.test/index.docker.io\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "docker.io", 0, NULL, NULL,
         NULL, NULL},
        {"{\"auths\":{\"r.test\":{\"auth\":\"dTphOmI=\"}}}", "r.test", 1, "u", "a:b", NULL, NULL},
        {"{\"auths\":{\"r.test\":{\"auth\":\"dTpwAAA=\"}}}", "r.test", 1, "u", "p", NULL, NULL},
        {"{\"auths\":{\"r.test\":{\"auth\":\"dTo=\"}}}", "r.test", 1, "u", "", NULL, NULL},
        {"{\"auths\":{\"r.test\":{\"auth\":\"dTpw\\n\"}}}", "r.test", 1, "u", "p", NULL, NULL},
        {"{\"auths\":{\"r.test\":{\"auth\":\"dQ==\"}}}", "r.test", -1, NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"r.test\":{\"auth\":\"!!!\"}}}", "r.test", -1, NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"r.test\":{\"auth\":\"dQA6cA==\"}}}", "r.test", -1, NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"r.test\":{\"auth\":\"dTpwAHE=\"}}}", "r.test", -1, NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"r.test\":{\"auth\":\"d\"}}}", "r.test", -1, NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"r.test\":{\"username\":\"u\",\"password\":\"p\"}}}", "r.test", 1, "u", "p", NULL, NULL},
        {"{\"auths\":{\"r.test\":{\"username\":\"u\"}}}", "r.test", 0, "u", NULL, NULL, NULL},
        {"{\"auths\":{\"r.test\":{\"identitytoken\":\"it\"}}}", "r.test", 1, NULL, NULL, "it", NULL},
        {"{\"auths\":{\"r.test\":{\"registrytoken\":\"rt\"}}}", "r.test", 1, NULL, NULL, NULL, "rt"},
        {"{\"auths\":{\"r.test\":{\"auth\":\"\"}}}", "r.test", 0, NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"r.test\":\"dXNlcjpwYXNz\"}}", "r.test", 0, NULL, NULL, NULL, NULL},
        {"{\"credsStore\":\"x\",\"auths\":{\"r.test\":{}}}", "r.test", 0, NULL, NULL, NULL, NULL},
        {"", "r.test", BROKEN, NULL, NULL, NULL, NULL}, {"[]", "r.test", BROKEN, NULL, NULL, NULL, NULL},
        {"{", "r.test", BROKEN, NULL, NULL, NULL, NULL}, {"{\"auths\":{}}x", "r.test", BROKEN, NULL, NULL, NULL, NULL},
        {"null", "r.test", BROKEN, NULL, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct docker_config config;
        struct docker_auth auth;
        int status = docker_config_parse(&config, &arena, rows[i].text, "the text", &error);
        CHECK(status == (rows[i].found == BROKEN ? -1 : 0), "%s", rows[i].text);
        int found = status == 0 ? docker_config_find(&config, &arena, rows[i].registry, &auth, &error) : BROKEN;
        CHECK(found == rows[i].found, "%s for %s", rows[i].text, rows[i].registry);
        if (found < 0)
            CHECK(error.reason == REASON_NO_CREDENTIALS && strcmp(error.subject, "the text") == 0, "%s", rows[i].text);
        if (found == 1) {
            CHECK_TEXT(auth.username, rows[i].username, "%s", rows[i].text);
            CHECK_TEXT(auth.password, rows[i].password, "%s", rows[i].text);
            CHECK_TEXT(auth.identity_token, rows[i].identity, "%s", rows[i].text);
            CHECK_TEXT(auth.registry_token, rows[i].token, "%s", rows[i].text);
        }
        docker_config_free(&config);
    }
}

#define AUTHS(registry, encoded) "{\"auths\":{\"" registry "\":{\"auth\":\"" encoded "\"}}}"

static void test_stored(void **state)
{
    (void)state;
    struct docker_auth auth;
    char *folder = new_folder();
    env_clean();
    assert_int_equal(stored_auth_find(&arena, NULL, "r.test", &auth, &error), 0); /* no HOME, nothing */
    setenv("HOME", folder, 1);
    assert_int_equal(stored_auth_find(&arena, NULL, "r.test", &auth, &error), 0);
    write_file(folder, ".docker/config.json", AUTHS("r.test", "aG9tZTpw"));
    assert_int_equal(stored_auth_find(&arena, NULL, "r.test", &auth, &error), 1);
    assert_string_equal(auth.username, "home");
    setenv("DOCKER_CONFIG", folder, 1);
    write_file(folder, "config.json", "");
    assert_int_equal(stored_auth_find(&arena, NULL, "r.test", &auth, &error), 0); /* an empty file is none */
    write_file(folder, "config.json", AUTHS("r.test", "ZmlsZTpw"));
    assert_int_equal(stored_auth_find(&arena, NULL, "r.test", &auth, &error), 1);
    assert_string_equal(auth.username, "file");
    setenv("DOCKER_AUTH_CONFIG", AUTHS("s.test", "ZW52OnA="), 1);
    assert_int_equal(stored_auth_find(&arena, NULL, "s.test", &auth, &error), 1);
    assert_string_equal(auth.username, "env");
    assert_int_equal(stored_auth_find(&arena, NULL, "r.test", &auth, &error), 1);
    assert_string_equal(auth.username, "file");
    char *authfile = write_file(folder, "auth.json", AUTHS("s.test", "ZmxhZzpw"));
    assert_int_equal(stored_auth_find(&arena, authfile, "s.test", &auth, &error), 1);
    assert_string_equal(auth.username, "flag");
    assert_int_equal(stored_auth_find(&arena, authfile, "r.test", &auth, &error), 0); /* in place of Docker's file */
    assert_int_equal(stored_auth_find(&arena, "/nowhere", "r.test", &auth, &error), -1);
    assert_int_equal(error.reason, REASON_NO_CREDENTIALS);
    /* podman's file stands between the two. */
    setenv("REGISTRY_AUTH_FILE", write_file(folder, "podman.json", "{\"auths\":{\"r.test\":{\"auth\":\"cG9kOnA=\"},\"s.test\":{\"auth\":\"cG9kOnA=\"}}}"), 1);
    assert_int_equal(stored_auth_find(&arena, NULL, "r.test", &auth, &error), 1);
    assert_string_equal(auth.username, "pod");
    assert_int_equal(stored_auth_find(&arena, NULL, "s.test", &auth, &error), 1);
    assert_string_equal(auth.username, "env");
    assert_int_equal(stored_auth_find(&arena, authfile, "r.test", &auth, &error), 0); /* the flag is in its place, too */
    write_file(folder, "podman.json", "{");
    assert_int_equal(stored_auth_find(&arena, NULL, "r.test", &auth, &error), -1);
    assert_int_equal(error.reason, REASON_NO_CREDENTIALS);
    setenv("REGISTRY_AUTH_FILE", "/nowhere", 1); /* not written yet */
    assert_int_equal(stored_auth_find(&arena, NULL, "r.test", &auth, &error), 1);
    assert_string_equal(auth.username, "file");
    unsetenv("REGISTRY_AUTH_FILE");
    setenv("DOCKER_AUTH_CONFIG", "{", 1);
    assert_int_equal(stored_auth_find(&arena, NULL, "r.test", &auth, &error), -1);
    assert_string_equal(error.subject, "DOCKER_AUTH_CONFIG");
    unsetenv("DOCKER_AUTH_CONFIG");
    write_file(folder, "config.json", "not json");
    assert_int_equal(stored_auth_find(&arena, NULL, "r.test", &auth, &error), -1);
    assert_int_equal(stored_auth_check(&arena, authfile, &error), 0);
    assert_int_equal(stored_auth_check(&arena, "/nowhere", &error), -1);
    assert_int_equal(error.reason, REASON_USAGE);
    env_clean();
    remove_folder(folder);
}

/* A registry that the file leaves to a helper: nothing is stored, but somebody may know a password. */
static void test_helpers(void **state)
{
    static const struct {
        const char *text, *helper;
    } rows[] = {
        {"{\"credHelpers\":{\"r.test\":\"ecr-login\"}}", "ecr-login"},
        {"{\"credHelpers\":{\"other.test\":\"ecr-login\"}}", NULL},
        {"{\"credsStore\":\"pass\",\"auths\":{\"r.test\":{}}}", "pass"},
        {"{\"credsStore\":\"pass\",\"auths\":{\"https://r.test/v1/\":{}}}", "pass"},
        {"{\"credsStore\":\"pass\"}", NULL},
        {"{\"credsStore\":\"pass\",\"auths\":{\"other.test\":{}}}", NULL},
        {"{\"credsStore\":\"pass\",\"credHelpers\":{\"r.test\":\"own\"},\"auths\":{\"r.test\":{}}}", "own"},
        {"{\"auths\":{\"r.test\":{}}}", NULL},
        /* What stands in an entry that the file leaves to a helper is not looked at, not even whether it can be read. */
        {"{\"credsStore\":\"pass\",\"auths\":{\"r.test\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "pass"},
        {"{\"credHelpers\":{\"r.test\":\"own\"},\"auths\":{\"r.test\":{\"auth\":\"dXNlcjpwYXNz\"}}}", "own"},
        {"{\"credHelpers\":{\"r.test\":\"own\"},\"auths\":{\"https://r.test/v1/\":{\"identitytoken\":\"it\"}}}", "own"},
        {"{\"credsStore\":\"pass\",\"auths\":{\"r.test\":{\"username\":\"u\",\"password\":\"p\"}}}", "pass"},
        {"{\"credsStore\":\"pass\",\"auths\":{\"r.test\":{\"registrytoken\":\"rt\"}}}", "pass"},
        {"{\"credsStore\":\"pass\",\"auths\":{\"r.test\":{\"auth\":\"!!!\"}}}", "pass"},
        {"{\"credsStore\":\"\",\"auths\":{\"r.test\":{}}}", NULL}, {"{\"credHelpers\":{\"r.test\":\"\"}}", NULL},
        {"{\"credHelpers\":{\"r.test\":\"\"},\"credsStore\":\"pass\",\"auths\":{\"r.test\":{}}}", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct docker_config config;
        struct docker_auth auth;
        assert_int_equal(docker_config_parse(&config, &arena, rows[i].text, "the text", &error), 0);
        CHECK(docker_config_find(&config, &arena, "r.test", &auth, &error) == 0, "%s", rows[i].text);
        CHECK_TEXT(auth.helper, rows[i].helper, "%s", rows[i].text);
        CHECK(!auth.username && !auth.password && !auth.identity_token && !auth.registry_token, "%s", rows[i].text);
        docker_config_free(&config);
    }
    static const char *const inlined[] = { /* an empty name means the file itself; another registry's helper is none */
        "{\"credsStore\":\"\",\"auths\":{\"r.test\":{\"auth\":\"dXNlcjpwYXNz\"}}}",
        "{\"credHelpers\":{\"r.test\":\"\"},\"credsStore\":\"pass\",\"auths\":{\"r.test\":{\"auth\":\"dXNlcjpwYXNz\"}}}",
        "{\"credHelpers\":{\"s.test\":\"own\"},\"auths\":{\"r.test\":{\"auth\":\"dXNlcjpwYXNz\"}}}",
    };
    for (size_t i = 0; i < COUNT(inlined); i++) {
        struct docker_config config;
        struct docker_auth auth;
        assert_int_equal(docker_config_parse(&config, &arena, inlined[i], "the text", &error), 0);
        CHECK(docker_config_find(&config, &arena, "r.test", &auth, &error) == 1 && !auth.helper, "%s", inlined[i]);
        CHECK_TEXT(auth.password, "pass", "%s", inlined[i]);
        docker_config_free(&config);
    }
}

static void test_header(void **state)
{
    (void)state;
    static const struct {
        struct docker_auth auth;
        const char *registry, *json;
    } rows[] = {
        {{"u", "p", NULL, NULL, NULL}, "r.test", "{\"username\":\"u\",\"password\":\"p\",\"serveraddress\":\"r.test\"}"},
        {{"\"\\", "\xc3\xa9?>", NULL, NULL, NULL}, "r.test",
         "{\"username\":\"\\\"\\\\\",\"password\":\"\xc3\xa9?>\",\"serveraddress\":\"r.test\"}"},
        {{"u", "p", NULL, NULL, NULL}, "docker.io",
         "{\"username\":\"u\",\"password\":\"p\",\"serveraddress\":\"https://index.docker.io/v1/\"}"},
        {{NULL, NULL, "it", NULL, NULL}, "r.test", "{\"identitytoken\":\"it\",\"serveraddress\":\"r.test\"}"},
        {{NULL, NULL, NULL, "rt", NULL}, "r.test", "{\"registrytoken\":\"rt\",\"serveraddress\":\"r.test\"}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf plain = BUF_INIT;
        char *header = registry_auth_header(&arena, &rows[i].auth, rows[i].registry);
        CHECK(!strpbrk(header, "+/\r\n"), "row %zu", i);
        CHECK(decode_base64(&plain, slice_of(header)) == 0, "row %zu", i);
        CHECK_TEXT(plain.data, rows[i].json, "row %zu", i);
        buf_free(&plain);
    }
}

static void test_endpoint_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *host, *tls_verify, *cert_path;
        int reason; /* REASON_OK: found */
        const char *unix_path, *url, *tls_dir;
        bool local;
    } rows[] = {
        {"unix:///var/run/docker.sock", NULL, NULL, REASON_OK, "/var/run/docker.sock", "http://localhost/", NULL, true},
        {"unix:///x y", NULL, NULL, REASON_OK, "/x y", "http://localhost/", NULL, true},
        {"tcp://127.0.0.1:2375", NULL, NULL, REASON_OK, NULL, "http://127.0.0.1:2375/", NULL, true},
        {"tcp://127.0.0.1", NULL, NULL, REASON_OK, NULL, "http://127.0.0.1:2375/", NULL, true},
        {"tcp://localhost:99", NULL, NULL, REASON_OK, NULL, "http://localhost:99/", NULL, true},
        {"tcp://[::1]", NULL, NULL, REASON_OK, NULL, "http://[::1]:2375/", NULL, true},
        {"tcp://[::1]:99", NULL, NULL, REASON_OK, NULL, "http://[::1]:99/", NULL, true},
        {"tcp://d.test:2375", NULL, NULL, REASON_OK, NULL, "http://d.test:2375/", NULL, false},
        {"tcp://localhost.evil:1", NULL, NULL, REASON_OK, NULL, "http://localhost.evil:1/", NULL, false},
        {"tcp://10.0.0.1", NULL, NULL, REASON_OK, NULL, "http://10.0.0.1:2375/", NULL, false},
        {"tcp://127.0.0.1.evil:1", NULL, NULL, REASON_OK, NULL, "http://127.0.0.1.evil:1/", NULL, false},
        {"tcp://d.test", "1", NULL, REASON_OK, NULL, "https://d.test:2376/", "/h/.docker", false},
        {"tcp://d.test:80", "1", "/certs", REASON_OK, NULL, "https://d.test:80/", "/certs", false},
        {"tcp://d.test", "", "/certs", REASON_OK, NULL, "http://d.test:2375/", NULL, false},
        {"https://d.test", NULL, "/certs", REASON_OK, NULL, "https://d.test:2376/", "/certs", false},
        {"http://d.test:80/base", NULL, NULL, REASON_OK, NULL, "http://d.test/base", NULL, false},
        {"ssh://d.test", NULL, NULL, REASON_UNSUPPORTED, NULL, NULL, NULL, false},
        {"npipe:////./pipe/docker", NULL, NULL, REASON_UNSUPPORTED, NULL, NULL, NULL, false},
        {"d.test:2375", NULL, NULL, REASON_UNSUPPORTED, NULL, NULL, NULL, false},
        {"fd://", NULL, NULL, REASON_UNSUPPORTED, NULL, NULL, NULL, false},
        {"tcp://", NULL, NULL, REASON_UNREACHABLE, NULL, NULL, NULL, false},
        {"tcp://d.test:x", NULL, NULL, REASON_UNREACHABLE, NULL, NULL, NULL, false},
        {"tcp://d test", NULL, NULL, REASON_UNREACHABLE, NULL, NULL, NULL, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct docker_endpoint endpoint;
        env_clean();
        setenv("HOME", "/h", 1);
        setenv("DOCKER_HOST", rows[i].host, 1);
        setenv("DOCKER_CONTEXT", "ignored", 1);
        if (rows[i].tls_verify)
            setenv("DOCKER_TLS_VERIFY", rows[i].tls_verify, 1);
        if (rows[i].cert_path)
            setenv("DOCKER_CERT_PATH", rows[i].cert_path, 1);
        int status = docker_endpoint_find(&arena, false, &endpoint, &error);
        CHECK(status == (rows[i].reason == REASON_OK ? 0 : -1), "%s", rows[i].host);
        if (status < 0) {
            CHECK((int)error.reason == rows[i].reason, "%s", rows[i].host);
            continue;
        }
        CHECK_TEXT(endpoint.unix_path, rows[i].unix_path, "%s", rows[i].host);
        CHECK_TEXT(url_public(&arena, &endpoint.url), rows[i].url, "%s", rows[i].host);
        CHECK_TEXT(endpoint.tls_dir, rows[i].tls_dir, "%s", rows[i].host);
        CHECK(endpoint.local == rows[i].local && !endpoint.podman, "%s", rows[i].host);
    }
    env_clean();
}

static char *meta_path(const char *name, const char *file)
{
    uint8_t hash[SHA256_SIZE];
    struct buf hex = BUF_INIT;
    sha256(slice_of(name), hash);
    encode_hex(&hex, hash, sizeof hash);
    char *path = arena_printf(&arena, "contexts/%s", arena_printf(&arena, file, hex.data));
    buf_free(&hex);
    return path;
}

static void test_endpoint_contexts(void **state)
{
    (void)state;
    struct docker_endpoint endpoint;
    char *folder = new_folder();
    env_clean();
    setenv("DOCKER_CONFIG", folder, 1);
    assert_int_equal(docker_endpoint_find(&arena, false, &endpoint, &error), 0);
    assert_string_equal(endpoint.unix_path, "/var/run/docker.sock");
    write_file(folder, "config.json", "{\"currentContext\":\"far\"}");
    assert_int_equal(docker_endpoint_find(&arena, false, &endpoint, &error), -1);
    assert_true(error.reason == REASON_UNREACHABLE && strcmp(error.subject, "far") == 0);
    write_file(folder, meta_path("far", "meta/%s/meta.json"),
        "{\"Name\":\"far\",\"Endpoints\":{\"docker\":{\"Host\":\"tcp://far.test:99\"}}}");
    assert_int_equal(docker_endpoint_find(&arena, false, &endpoint, &error), 0);
    assert_true(!endpoint.local && !endpoint.tls_dir && !endpoint.url.https);
    assert_string_equal(url_public(&arena, &endpoint.url), "http://far.test:99/");
    write_file(folder, meta_path("far", "tls/%s/docker/ca.pem"), "x");
    assert_int_equal(docker_endpoint_find(&arena, false, &endpoint, &error), 0);
    assert_true(endpoint.url.https && endpoint.tls_dir);
    setenv("DOCKER_CONTEXT", "default", 1); /* the variable beats the file */
    assert_int_equal(docker_endpoint_find(&arena, false, &endpoint, &error), 0);
    assert_string_equal(endpoint.unix_path, "/var/run/docker.sock");
    setenv("DOCKER_CONTEXT", "none", 1);
    assert_int_equal(docker_endpoint_find(&arena, false, &endpoint, &error), -1);
    setenv("DOCKER_HOST", "unix:///own.sock", 1);
    assert_int_equal(docker_endpoint_find(&arena, false, &endpoint, &error), 0);
    assert_string_equal(endpoint.unix_path, "/own.sock");
    env_clean();
    setenv("XDG_RUNTIME_DIR", folder, 1);
    char *podman = write_file(folder, "podman/podman.sock", "");
    assert_int_equal(docker_endpoint_find(&arena, false, &endpoint, &error), 0);
    assert_true(strcmp(endpoint.unix_path, podman) != 0 && !endpoint.podman);
    if (access("/var/run/docker.sock", F_OK) != 0) {
        assert_int_equal(docker_endpoint_find(&arena, true, &endpoint, &error), 0);
        assert_true(endpoint.podman && endpoint.local && strcmp(endpoint.unix_path, podman) == 0);
    }
    char *rootless = write_file(folder, "docker.sock", "");
    assert_int_equal(docker_endpoint_find(&arena, true, &endpoint, &error), 0);
    assert_true(!endpoint.podman && strcmp(endpoint.unix_path, rootless) == 0);
    env_clean();
    remove_folder(folder);
}

RUN(TEST(test_config), TEST(test_stored), TEST(test_helpers), TEST(test_header), TEST(test_endpoint_hosts), TEST(test_endpoint_contexts))
