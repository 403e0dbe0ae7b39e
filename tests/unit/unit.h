#ifndef ECR_TESTS_UNIT_H
#define ECR_TESTS_UNIT_H

/* What all unit tests share: cmocka, an arena of each test, tables, a clean environment, files of a test's own. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* How many rows of the test that runs have failed: all of them are shown, and the test fails at its end. */
static int failed_rows;

/* Like assert_true, with the row of a table in the message; the test goes on. */
#define CHECK(condition, ...)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            failed_rows++;                                                                                             \
            print_error("%s:%d: not so: %s\n  in the row: ", __FILE__, __LINE__, #condition);                          \
            print_error(__VA_ARGS__);                                                                                  \
            print_error("\n");                                                                                         \
        }                                                                                                              \
    } while (0)

/* Two texts, where NULL is a text of its own. */
#define CHECK_TEXT(got, want, ...)                                                                                     \
    do {                                                                                                               \
        const char *got_ = (got), *want_ = (want);                                                                     \
        if (!got_ != !want_ || (got_ && strcmp(got_, want_) != 0)) {                                                   \
            failed_rows++;                                                                                             \
            print_error("%s:%d: %s\n  got  %s\n  want %s\n  in the row: ", __FILE__, __LINE__, #got,                    \
                        got_ ? got_ : "(null)", want_ ? want_ : "(null)");                                             \
            print_error(__VA_ARGS__);                                                                                  \
            print_error("\n");                                                                                         \
        }                                                                                                              \
    } while (0)

/* An arena and an error of the test that runs. */
static struct arena arena;
static struct error error;

static inline int unit_setup(void **state)
{
    (void)state;
    failed_rows = 0;
    arena = (struct arena){NULL};
    error_init(&error, &arena);
    return 0;
}

static inline int unit_teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return failed_rows ? -1 : 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)
#define RUN(...)                                                                                                       \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        const struct CMUnitTest tests[] = {__VA_ARGS__};                                                               \
        return cmocka_run_group_tests(tests, NULL, NULL);                                                              \
    }

/* Forgets every variable that the program reads. */
static inline void env_clean(void)
{
    static const char *const names[] = {
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_ACCOUNT_ID",
        "AWS_CREDENTIAL_EXPIRATION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
        "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL_ECR_PUBLIC", "AWS_USE_FIPS_ENDPOINT",
        "AWS_USE_DUALSTACK_ENDPOINT", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT",
        "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "DOCKER_AUTH_CONFIG", "XDG_RUNTIME_DIR",
        "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy", "NO_COLOR", "TERM",
        "REGISTRY_AUTH_FILE", "AWS_WEB_IDENTITY_TOKEN", "AWS_ROLE_SESSION_NAME", "AWS_STS_REGIONAL_ENDPOINTS",
        "AWS_ENDPOINT_URL_STS", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_EC2_METADATA_DISABLED",
        "AWS_LOGIN_CACHE_DIRECTORY", "AWS_ECR_CACHE_DIR", "AWS_ECR_DISABLE_CACHE", "AWS_ECR_ROLE_ARN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "ECR_REGISTRY_MAP", "ECR_CONFIG_FILE",
    };
    for (size_t i = 0; i < COUNT(names); i++)
        unsetenv(names[i]);
}

/* A folder of the test's own, in the test's arena. */
static inline char *new_folder(void)
{
    char *path = arena_strdup(&arena, "/tmp/ecr-unit-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static inline void remove_folder(const char *path)
{
    char *command = arena_printf(&arena, "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
}

/* Writes a file below a folder; makes the folders between. Returns its path. */
static inline char *write_file(const char *folder, const char *name, const char *text)
{
    char *path = arena_printf(&arena, "%s/%s", folder, name);
    char *command = arena_printf(&arena, "mkdir -p \"$(dirname '%s')\"", path);
    assert_int_equal(system(command), 0);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* `text` `count` times. */
static inline char *repeat(const char *text, size_t count)
{
    size_t len = strlen(text);
    char *out = arena_alloc(&arena, len * count + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(out + i * len, text, len);
    return out;
}

#endif
