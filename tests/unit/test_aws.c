/* Config files, sources of credentials, error codes, retries. */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "aws/chain.h"
#include "aws/code.h"
#include "aws/ini.h"
#include "net/retry.h"
#include "base/clock.h"
#include "ecr/cache_rule.h"
#include "ecr/code.h"

static void test_ini(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t bad_line;
        const char *entries; /* "section|parent|key|value;" */
    } rows[] = {
        {"", 0, ""}, {"\n\n", 0, ""}, {"# c\n; c\n  # c\n", 0, ""}, {"[a]", 0, "a|||;"}, {"[ a b ]\n", 0, "a b|||;"},
        {"[a] # c\n[b];c", 0, "a|||;b|||;"},
        {"[a]\nk = v\n", 0, "a|||;a||k|v;"}, {"[a]\r\nk=v\r\n", 0, "a|||;a||k|v;"},
        {"\xef\xbb\xbf[a]\nk=v", 0, "a|||;a||k|v;"}, {"[a]\nk = v # c", 0, "a|||;a||k|v;"},
        {"[a]\nk = v ; c", 0, "a|||;a||k|v;"}, {"[a]\nk = v#c;d", 0, "a|||;a||k|v#c;d;"},
        {"[a]\nk = # c", 0, "a|||;a||k|;"}, {"[a]\nk = a=b==", 0, "a|||;a||k|a=b==;"},
        {"[a]\nk =\n  s = v\n  t=w\nl = x", 0, "a|||;a||k|;a|k|s|v;a|k|t|w;a||l|x;"},
        {"[a]\nk =\n# c\n\n\ts = v", 0, "a|||;a||k|;a|k|s|v;"},
        {"[a]\nk = v\n  more\n", 0, "a|||;a||k|v;"}, {"[a]\nk =\n[b]\n  s = v", 0, "a|||;a||k|;b|||;b||s|v;"},
        /* Indentation counts from the first key of a section, which may be indented as a whole. */
        {"[a]\n  k = v\n  l = w\n    more\nm = x", 0, "a|||;a||k|v;a||l|w;a||m|x;"},
        {"[a]\n\tk =\n\t\ts = v\n\tl = w", 0, "a|||;a||k|;a|k|s|v;a||l|w;"},
        {"  [a]\n  k = v", 0, "a|||;a||k|v;"}, {"[a]\nk =\n  [b]\n", 3, NULL},
        {"[a]\nK E Y = v w", 0, "a|||;a||K E Y|v w;"},
        {"[]\nk=v", 0, "|||;||k|v;"}, {"k = v", 1, NULL}, {"[a]\nword", 2, NULL}, {"[a]\n= v", 2, NULL},
        {"[a", 1, NULL}, {"[a] x", 1, NULL}, {"[a]\n\n[b\nk=v", 3, NULL},
        {"[a]\nk =\n  word", 3, NULL}, {"]", 1, NULL}, {"[a]\nk = v\nx y z", 3, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ini ini;
        struct buf seen = BUF_INIT;
        CHECK(ini_parse(&arena, slice_of(rows[i].text), &ini) == rows[i].bad_line, "%s", rows[i].text);
        for (size_t k = 0; k < ini.count; k++)
            buf_printf(&seen, "%.*s|%.*s|%.*s|%.*s;", SLICE_ARGS(ini.entries[k].section),
                SLICE_ARGS(ini.entries[k].parent),
                       SLICE_ARGS(ini.entries[k].key), SLICE_ARGS(ini.entries[k].value));
        if (rows[i].entries)
            CHECK_TEXT(seen.data, rows[i].entries, "%s", rows[i].text);
        buf_free(&seen);
    }
}

static char *folder;

static void use_files(const char *config, const char *credentials)
{
    setenv("AWS_CONFIG_FILE", config ? write_file(folder, "config", config) : "/nowhere/config", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE",
        credentials ? write_file(folder, "credentials", credentials) : "/nowhere/credentials", 1);
}

static void test_config(void **state)
{
    (void)state;
    folder = new_folder();
    env_clean();
    static const char config_text[] = "[default]\nregion = plain\nonly_default = 1\n[profile default]\nregion = prefixed\n[default]\nregion = later\n"
                                      "[profile ci]\nREGION = eu-west-1\nshared = config\nempty =\ns3 =\n  region = nested\n"
                                      "[profile \"a b\"]\nregion = quoted\n[profile 'c']\nregion = single\n[profile\ttab]\nregion = tab\n[ci]\nregion = bare\n"
                                      "[profile twice]\nk = 1\n[profile twice]\nk = 2\n[sso-session ci]\nregion = sso\n[profile empty]\n[services s]\necr =\n  endpoint_url = u\n"
                                      "[profile with]\nservices = s\n";
    use_files(config_text,
        "\xef\xbb\xbf[ci]\r\nshared = credentials\r\nempty = full\r\n[only]\r\nk = v\r\n[profile x]\r\nk = w\r\n");
    static const struct {
        const char *profile, *key, *value;
    } rows[] = {
        {"default", "region", "prefixed"}, {"default", "only_default", NULL}, {"ci", "region", "eu-west-1"},
        {"ci", "Region", "eu-west-1"}, {"ci", "shared", "credentials"},
        {"ci", "empty", "full"}, {"ci", "s3", NULL}, {"a b", "region", "quoted"}, {"c", "region", "single"},
        {"tab", "region", "tab"}, {"twice", "k", "2"}, {"only", "k", "v"},
        {"profile x", "k", "w"}, {"x", "k", NULL}, {"none", "region", NULL}, {"ci", "nothing", NULL},
        {"empty", "region", NULL},
    };
    struct aws_config config;
    assert_int_equal(aws_config_load(&config, &arena, NULL, &error), 0);
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(aws_config_get(&config, &arena, rows[i].profile, rows[i].key), rows[i].value, "%s %s",
            rows[i].profile, rows[i].key);
    assert_string_equal(aws_config_get_in_config(&config, &arena, "ci", "shared"), "config");
    assert_null(aws_config_get_in_credentials(&config, &arena, "default", "region"));
    assert_string_equal(aws_config_get_service(&config, &arena, "with", "ecr", "endpoint_url"), "u");
    assert_null(aws_config_get_service(&config, &arena, "with", "sts", "endpoint_url"));
    assert_null(aws_config_get_service(&config, &arena, "ci", "ecr", "endpoint_url"));
    assert_true(aws_config_has_profile(&config, "empty") && aws_config_has_profile(&config, "only") &&
        aws_config_has_profile(&config, "a b"));
    assert_false(aws_config_has_profile(&config, "s") || aws_config_has_profile(&config, "x") ||
        aws_config_has_profile(&config, ""));
    assert_string_equal(aws_config_region(&config, &arena), "prefixed");
    setenv("AWS_DEFAULT_REGION", "r2", 1);
    assert_string_equal(aws_config_region(&config, &arena), "r2");
    setenv("AWS_REGION", "r1", 1);
    assert_string_equal(aws_config_region(&config, &arena), "r1");
    config.region_flag = "r0";
    assert_string_equal(aws_config_region(&config, &arena), "r0");
    aws_config_free(&config);
    remove_folder(folder);
    env_clean();
}

/* The name in a section's header, after any blanks and in either quotes, or in none. */
static void test_named_sections(void **state)
{
    (void)state;
    folder = new_folder();
    env_clean();
    struct aws_config config;
    use_files("[sso-session one]\nk = 1\n[sso-session  two]\nk = 2\n[sso-session\tthree]\nk = 3\n[sso-session \"four\"]\nk = 4\n"
              "[sso-session 'five']\nk = 5\n[sso-session \t \"six seven\" ]\nk = 6\n[ sso-session eight ]\nk = 8\n[sso-session nine' ]\nk = 9\n"
              "[sso-session empty]\n[sso-session]\nk = none\n[sso-sessionten]\nk = 10\n[sso-session \"\"]\nk = quotes\n"
              "[profile eleven]\nk = 11\n[services s1]\necr =\n  endpoint_url = u1\n[services\ts2]\necr =\n  endpoint_url = u2\n"
              "[services  \"s 3\"]\necr =\n  endpoint_url = u3\n[services 's4']\necr =\n  endpoint_url = u4\n[servicess5]\necr =\n  endpoint_url = u5\n"
              "[profile  p2]\nservices = s2\n[profile\t\"p 3\"]\nservices = s 3\n[profile p4]\nservices=s4\n[profile p1]\nservices=s1\n"
              "[profile p5]\nservices=s5\n[profilep6]\nregion=r\n[sso-session one]\nl = later\n", NULL);
    assert_int_equal(aws_config_load(&config, &arena, NULL, &error), 0);
    static const char *const sessions[][2] = {
        {"one", "1"}, {"two", "2"}, {"three", "3"}, {"four", "4"}, {"five", "5"}, {"six seven", "6"}, {"eight", "8"}, {"nine'", "9"},
        {"ten", NULL}, {"eleven", NULL}, {"\"four\"", NULL}, {" two", NULL}, {"ONE", NULL}, {"s1", NULL},
    };
    for (size_t i = 0; i < COUNT(sessions); i++) {
        CHECK_TEXT(aws_config_get_sso_session(&config, &arena, sessions[i][0], "k"), sessions[i][1], "%s", sessions[i][0]);
        CHECK(aws_config_has_sso_session(&config, sessions[i][0]) == (sessions[i][1] != NULL), "%s", sessions[i][0]);
    }
    assert_true(aws_config_has_sso_session(&config, "empty") && !aws_config_has_sso_session(&config, "none"));
    assert_string_equal(aws_config_get_sso_session(&config, &arena, "one", "l"), "later");
    static const char *const services[][2] = {{"p1", "u1"}, {"p2", "u2"}, {"p 3", "u3"}, {"p4", "u4"}, {"p5", NULL}};
    for (size_t i = 0; i < COUNT(services); i++)
        CHECK_TEXT(aws_config_get_service(&config, &arena, services[i][0], "ecr", "endpoint_url"), services[i][1], "%s", services[i][0]);
    assert_false(aws_config_has_profile(&config, "p6") || aws_config_has_profile(&config, "one"));
    aws_config_free(&config);
    remove_folder(folder);
    env_clean();
}

static void test_profiles(void **state)
{
    (void)state;
    folder = new_folder();
    static const struct {
        const char *flag, *variable, *old_variable, *profile;
        int reason; /* REASON_OK: none */
    } rows[] = {
        {NULL, NULL, NULL, "default", REASON_OK}, {"ci", NULL, NULL, "ci", REASON_OK},
        {"ci", "x", NULL, "ci", REASON_OK}, {NULL, "ci", "x", "ci", REASON_OK}, {NULL, NULL, "ci", "ci", REASON_OK},
        {NULL, "", "", "default", REASON_OK}, {"default", NULL, NULL, "default", REASON_OK},
        {"none", NULL, NULL, NULL, REASON_USAGE}, {NULL, "none", NULL, NULL, REASON_NO_CREDENTIALS},
        {NULL, NULL, "none", NULL, REASON_NO_CREDENTIALS},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct aws_config config;
        env_clean();
        use_files("[profile ci]\n", NULL);
        if (rows[i].variable)
            setenv("AWS_PROFILE", rows[i].variable, 1);
        if (rows[i].old_variable)
            setenv("AWS_DEFAULT_PROFILE", rows[i].old_variable, 1);
        int status = aws_config_load(&config, &arena, rows[i].flag, &error);
        CHECK(status == (rows[i].reason == REASON_OK ? 0 : -1), "row %zu", i);
        if (status < 0)
            CHECK((int)error.reason == rows[i].reason && strstr(error.cause, "none"), "row %zu", i);
        else
            CHECK_TEXT(config.profile, rows[i].profile, "row %zu", i);
        CHECK(config.profile_from_flag == (rows[i].flag != NULL), "row %zu", i);
        aws_config_free(&config);
    }
    struct aws_config config;
    env_clean(); /* no HOME, no variable */
    assert_int_equal(aws_config_load(&config, &arena, NULL, &error), 0);
    assert_null(config.config_path);
    aws_config_free(&config);
    write_file(folder, ".aws/config", "[default]\nregion = home\n");
    setenv("HOME", folder, 1);
    assert_int_equal(aws_config_load(&config, &arena, NULL, &error), 0);
    assert_string_equal(aws_config_region(&config, &arena), "home");
    aws_config_free(&config);
    setenv("AWS_CONFIG_FILE", "~/.aws/config", 1);
    assert_int_equal(aws_config_load(&config, &arena, NULL, &error), 0);
    assert_string_equal(aws_config_region(&config, &arena), "home");
    aws_config_free(&config);
    use_files("broken", NULL);
    assert_int_equal(aws_config_load(&config, &arena, NULL, &error), -1);
    assert_int_equal(error.reason, REASON_NO_CREDENTIALS);
    assert_non_null(strstr(error.cause, "line 1"));
    aws_config_free(&config);
    setenv("AWS_CONFIG_FILE", folder, 1);
    assert_int_equal(aws_config_load(&config, &arena, NULL, &error), -1);
    assert_int_equal(error.reason, REASON_NO_CREDENTIALS);
    aws_config_free(&config);
    remove_folder(folder);
    env_clean();
}

static void test_chain(void **state)
{
    (void)state;
    folder = new_folder();
    static const struct {
        const char *environment; /* "NAME=value NAME=value" */
        const char *config, *credentials, *flag;
        int reason;              /* REASON_OK: credentials are found */
        const char *id, *secret, *token;
    } rows[] = {
#define ENV "AWS_ACCESS_KEY_ID=E AWS_SECRET_ACCESS_KEY=E%"
#define KEYS(letter) "aws_access_key_id=" letter "\naws_secret_access_key=" letter "%\n"
        {"", NULL, NULL, NULL, REASON_NO_CREDENTIALS, NULL, NULL, NULL},
        {ENV, NULL, NULL, NULL, REASON_OK, "E", "E%", NULL},
        {ENV " AWS_SESSION_TOKEN=T", NULL, NULL, NULL, REASON_OK, "E", "E%", "T"},
        {ENV " AWS_SECURITY_TOKEN=O", NULL, NULL, NULL, REASON_OK, "E", "E%", "O"},
        {ENV " AWS_SESSION_TOKEN=T AWS_SECURITY_TOKEN=O", NULL, NULL, NULL, REASON_OK, "E", "E%", "O"},
        {"AWS_ACCESS_KEY_ID=E", NULL, "[default]\n" KEYS("F"), NULL, REASON_NO_CREDENTIALS, NULL, NULL, NULL},
        {"AWS_SECRET_ACCESS_KEY=E%", NULL, "[default]\n" KEYS("F"), NULL, REASON_NO_CREDENTIALS, NULL, NULL, NULL},
        {"AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY=", NULL, "[default]\n" KEYS("F"), NULL, REASON_OK, "F", "F%", NULL},
        {ENV, NULL, "[default]\n" KEYS("F"), NULL, REASON_OK, "E", "E%", NULL},
        {ENV, NULL, "[default]\n" KEYS("F"), "default", REASON_OK, "F", "F%", NULL},
        {ENV " AWS_PROFILE=ci", NULL, "[ci]\n" KEYS("F"), NULL, REASON_OK, "E", "E%", NULL},
        {"AWS_PROFILE=ci", NULL, "[ci]\n" KEYS("F"), NULL, REASON_OK, "F", "F%", NULL},
        {"", "[profile ci]\n" KEYS("C"), NULL, "ci", REASON_OK, "C", "C%", NULL},
        {"", "[profile ci]\n" KEYS("C"), "[ci]\n" KEYS("F"), "ci", REASON_OK, "F", "F%", NULL},
        {"", "[default]\n" KEYS("C") "aws_session_token=CT\n", NULL, NULL, REASON_OK, "C", "C%", "CT"},
        {"", NULL, "[default]\n" KEYS("F") "aws_security_token=FT\n", NULL, REASON_OK, "F", "F%", "FT"},
        {"", NULL, "[default]\naws_access_key_id=F\n", NULL, REASON_NO_CREDENTIALS, NULL, NULL, NULL},
        {"", "[default]\n" KEYS("C"), "[default]\naws_secret_access_key=FS\n", NULL, REASON_NO_CREDENTIALS, NULL, NULL,
         NULL},
        {"", "[default]\naws_secret_access_key=CS\n", "[default]\naws_access_key_id=F\n", NULL, REASON_NO_CREDENTIALS,
         NULL, NULL, NULL},
        {ENV " AWS_CREDENTIAL_EXPIRATION=2099-01-01T00:00:00Z", NULL, NULL, NULL, REASON_OK, "E", "E%", NULL},
        {ENV " AWS_CREDENTIAL_EXPIRATION=2020-01-01T00:00:00Z", NULL, "[default]\n" KEYS("F"), NULL,
         REASON_EXPIRED_CREDENTIALS, NULL, NULL, NULL},
        {ENV " AWS_CREDENTIAL_EXPIRATION=soon", NULL, NULL, NULL, REASON_NO_CREDENTIALS, NULL, NULL, NULL},
        {"", "[default]\nrole_arn=arn:aws:iam::123456789012:role/r\n" KEYS("C"), NULL, NULL, REASON_NO_CREDENTIALS,
         NULL, NULL, NULL},
        {"", "[default]\nsso_session=s\n", "[default]\n" KEYS("F"), NULL, REASON_OK, "F", "F%", NULL},
        {"", "[default]\nsso_session=s\nsso_account_id=123456789012\n", "[default]\n" KEYS("F"), NULL,
         REASON_NO_CREDENTIALS, NULL, NULL, NULL},
        {ENV, "[default]\nrole_arn=r\n", NULL, NULL, REASON_OK, "E", "E%", NULL},
        {ENV, "[profile ci]\nrole_arn=r\n", NULL, "ci", REASON_NO_CREDENTIALS, NULL, NULL, NULL},
        {"AWS_ROLE_ARN=r AWS_WEB_IDENTITY_TOKEN_FILE=/f", NULL, "[default]\n" KEYS("F"), NULL, REASON_NO_CREDENTIALS,
         NULL, NULL, NULL},
        {"AWS_ROLE_ARN=r AWS_WEB_IDENTITY_TOKEN_FILE=/f", NULL, "[ci]\n" KEYS("F"), "ci", REASON_OK, "F", "F%", NULL},
        {"AWS_ROLE_ARN=r", NULL, "[default]\n" KEYS("F"), NULL, REASON_OK, "F", "F%", NULL},
        {"", NULL, "[default]\naws_access_key_id=A B\naws_secret_access_key=S\n", NULL, REASON_NO_CREDENTIALS, NULL,
         NULL, NULL},
        {"AWS_ACCESS_KEY_ID=E AWS_SECRET_ACCESS_KEY=E\nS", NULL, NULL, NULL, REASON_NO_CREDENTIALS, NULL, NULL, NULL},
        {ENV " AWS_SESSION_TOKEN=T\r", NULL, NULL, NULL, REASON_NO_CREDENTIALS, NULL, NULL, NULL},
        {"AWS_ACCESS_KEY_ID=\xc3\xa9 AWS_SECRET_ACCESS_KEY=S", NULL, NULL, NULL, REASON_NO_CREDENTIALS, NULL, NULL,
         NULL},
        {"", "[profile ci]\n", NULL, "ci", REASON_NO_CREDENTIALS, NULL, NULL, NULL},
    };
    struct trust trust;
    struct http http;
    struct aws_shared shared = {.skew = 0};
    trust_init(&trust);
    http_init(&http, &trust);
    retry_init(&shared.retry, 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct aws_config config;
        struct credentials found = {0};
        env_clean();
        use_files(rows[i].config, rows[i].credentials);
        for (struct slice rest = slice_of(rows[i].environment); rest.data;) {
            struct slice value = slice_cut(&rest, ' ');
            char *name = arena_copy(&arena, slice_cut(&value, '='));
            if (*name)
                setenv(name, arena_copy(&arena, value), 1);
        }
        assert_int_equal(aws_config_load(&config, &arena, rows[i].flag, &error), 0);
        setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
        setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1", 1); /* nobody is there */
        struct source_context context = {.config = &config, .profile = config.profile, .http = &http, .shared = &shared,
            .environment = !config.profile_from_flag, .deadline = DEADLINE_NONE, .arena = &arena};
        error_clear(&error);
        int status = chain_find(&context, NULL, &found, &error);
        CHECK(status == (rows[i].reason == REASON_OK ? 0 : -1), "row %zu", i);
        if (status < 0) {
            CHECK((int)error.reason == rows[i].reason, "row %zu: %s", i, error_text(&error, &arena));
            CHECK(!strstr(error_text(&error, &arena), "E%") && !strstr(error_text(&error, &arena), "F%"),
                "row %zu: a secret in the message", i);
        } else {
            CHECK_TEXT(found.access_key_id, rows[i].id, "row %zu", i);
            CHECK_TEXT(found.secret_access_key, rows[i].secret, "row %zu", i);
            CHECK_TEXT(found.session_token, rows[i].token, "row %zu", i);
            CHECK(found.source != NULL, "row %zu", i);
        }
        aws_config_free(&config);
    }
    http_free(&http);
    trust_free(&trust);
    remove_folder(folder);
    env_clean();
}

static void test_error_code(void **state)
{
    (void)state;
    static const struct {
        const char *header, *body, *code, *message;
    } rows[] = {
        {"", "{\"__type\":\"ImageNotFoundException\",\"message\":\"m\"}", "ImageNotFoundException", "m"},
        {"", "{\"__type\":\"com.amazonaws.ecr#RepositoryNotFoundException\"}", "RepositoryNotFoundException", NULL},
        {"",
         "{\"__type\":\"AccessDeniedException:http://internal.amazon.com/coral/com.amazon.coral.service/\",\"Message\":\"M\"}",
         "AccessDeniedException", "M"},
        {"", "{\"__type\":\"a.b#C:http://x/y#z\"}", "C", NULL},
        {"x-amzn-errortype: AccessDeniedException:http://x/\r\n", "{\"Message\":\"M\"}", "AccessDeniedException", "M"},
        {"X-Amzn-ErrorType: ns#Throttling\r\n", "", "Throttling", NULL},
        {"x-amzn-errortype: A\r\n", "{\"__type\":\"B\",\"code\":\"C\"}", NULL, NULL},
        {"x-amzn-errortype: x#A:http://y/\r\n", "{\"__type\":\"z#A\"}", "A", NULL},
        {"x-amzn-errortype: A\r\n", "{\"code\":\"C\",\"Code\":\"D\"}", "A", NULL},
        {"", "{\"code\":\"C\",\"Code\":\"D\"}", "C", NULL},
        {"", "{\"Code\":\"D\",\"message\":\"m\",\"Message\":\"M\"}", "D", "m"},
        /* A type that cannot be read is not made good by what stands beside it. */
        {"", "{\"__type\":\"\",\"code\":\"C\"}", NULL, NULL}, {"", "{\"__type\":7,\"code\":\"C\"}", NULL, NULL},
        {"x-amzn-errortype: A\r\n", "<html>", NULL, NULL}, {"x-amzn-errortype: A\r\n", "{\"__type\":\"A\"", NULL, NULL},
        {"", "{\"__type\":null}", NULL, NULL}, {"", "<html><body>403 Forbidden</body></html>", NULL, NULL},
        {"", "", NULL, NULL}, {"", "[]", NULL, NULL}, {"", "\"ImageNotFoundException\"", NULL, NULL},
        {"", "{\"__type\":\"Image Not Found\"}", NULL, NULL}, {"", "{\"__type\":\"<script>\"}", NULL, NULL},
        {"", "{\"__type\":\"A\\nB\"}", NULL, NULL}, {"", "{\"__type\":\"ImageNotFoundException\"", NULL, NULL},
        {"", "{\"__type\":\"#\"}", NULL, NULL}, {"", "{\"__type\":\":\"}", NULL, NULL},
        {"", "{\"nested\":{\"__type\":\"X\"}}", NULL, NULL}, {"", "{\"__type\":\" X \"}", "X", NULL},
        {"", "{\"__type\":\"\\u0049mageNotFoundException\"}", "ImageNotFoundException", NULL},
        {"x-amzn-errortype: \r\n", "{\"code\":\"C\"}", "C", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_head head;
        const char *message = "unset";
        char *text = arena_printf(&arena, "HTTP/1.1 400 x\r\n%s\r\n", rows[i].header);
        assert_null(http_head_parse(&arena, slice_of(text), &head));
        CHECK_TEXT(aws_error_code(&arena, &head, slice_of(rows[i].body), &message), rows[i].code, "row %zu: %s", i,
            rows[i].body);
        CHECK_TEXT(message, rows[i].message, "row %zu: %s", i, rows[i].body);
    }
    struct http_head none = {0};
    const char *message;
    assert_non_null(aws_error_code(&arena, &none,
        slice_of(arena_printf(&arena, "{\"__type\":\"%s\"}", repeat("A", 128))), &message));
    assert_null(aws_error_code(&arena, &none, slice_of(arena_printf(&arena, "{\"__type\":\"%s\"}", repeat("A", 129))),
        &message));
}

static void test_codes(void **state)
{
    (void)state;
    enum { U = CODE_UNKNOWN };
    static const struct {
        const char *code;
        int aws, ecr;
    } rows[] = {
        {"AccessDeniedException", REASON_DENIED, U}, {"AccessDenied", REASON_DENIED, U},
        {"UnrecognizedClientException", REASON_DENIED, U}, {"InvalidClientTokenId", REASON_DENIED, U},
        {"InvalidSignatureException", REASON_DENIED, U}, {"SignatureDoesNotMatch", REASON_DENIED, U},
        {"IncompleteSignature", REASON_DENIED, U}, {"MissingAuthenticationToken", REASON_DENIED, U},
        {"OptInRequired", REASON_DENIED, U}, {"SubscriptionRequiredException", REASON_DENIED, U},
        {"RequestExpired", REASON_DENIED, U}, {"RequestTimeTooSkewed", REASON_DENIED, U},
        {"RequestInTheFuture", REASON_DENIED, U},
        {"ExpiredTokenException", REASON_EXPIRED_CREDENTIALS, U}, {"ExpiredToken", REASON_EXPIRED_CREDENTIALS, U},
        {"ThrottlingException", REASON_THROTTLED, U}, {"Throttling", REASON_THROTTLED, U},
        {"TooManyRequestsException", REASON_THROTTLED, U}, {"RequestLimitExceeded", REASON_THROTTLED, U},
        {"ServiceUnavailable", REASON_SERVER_ERROR, U}, {"ServiceUnavailableException", REASON_SERVER_ERROR, U},
        {"InternalFailure", REASON_SERVER_ERROR, U}, {"InternalServerError", REASON_SERVER_ERROR, U},
        {"UnknownOperationException", REASON_UNSUPPORTED, U}, {"UnknownOperation", REASON_UNSUPPORTED, U},
        {"RepositoryNotFoundException", U, REASON_NO_REPOSITORY}, {"ImageNotFoundException", U, REASON_NO_IMAGE},
        {"ServerException", U, REASON_SERVER_ERROR}, {"KmsException", U, REASON_DENIED},
        {"UnableToGetUpstreamImageException", U, REASON_UPSTREAM_ERROR},
        {"UnableToGetUpstreamLayerException", U, REASON_UPSTREAM_ERROR},
        {"UnableToListUpstreamImageReferrersException", U, REASON_UPSTREAM_ERROR},
        {"UnableToAccessSecretException", U, REASON_DENIED}, {"UnableToDecryptSecretValueException", U, REASON_DENIED},
        {"BlockedByOrganizationPolicyException", U, REASON_DENIED}, {"ImageArchivedException", U, REASON_ARCHIVED},
        {"UnsupportedCommandException", U, REASON_UNSUPPORTED},
        {"UnsupportedImageTypeException", U, REASON_UNSUPPORTED},
        /* What says that something else than the image is missing, or that the request was wrong, is no word about the image. */
        {"LimitExceededException", U, U}, {"InvalidParameterException", U, U}, {"ValidationException", U, U},
        {"SerializationException", U, U}, {"RepositoryPolicyNotFoundException", U, U},
        {"LifecyclePolicyNotFoundException", U, U}, {"ScanNotFoundException", U, U},
        {"RegistryPolicyNotFoundException", U, U}, {"PullThroughCacheRuleNotFoundException", U, U},
        {"LayersNotFoundException", U, U},
        {"SecretNotFoundException", U, U}, {"RegistryNotFoundException", U, U},
        {"ReferencedImagesNotFoundException", U, U}, {"imagenotfoundexception", U, U}, {"ImageNotFound", U, U},
        {"ImageNotFoundExceptionX", U, U}, {"", U, U},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK((int)aws_code_reason(rows[i].code) == rows[i].aws, "%s", rows[i].code);
        CHECK((int)ecr_code_reason(rows[i].code) == rows[i].ecr, "%s", rows[i].code);
        CHECK(aws_code_is_throttle(rows[i].code) == (rows[i].aws == REASON_THROTTLED), "%s", rows[i].code);
    }
    static const char *const skews[] = {"RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture",
        "InvalidSignatureException", "SignatureDoesNotMatch", "AccessDeniedException", "AuthFailure"};
    static const char *const others[] = {"ExpiredTokenException", "UnrecognizedClientException", "ThrottlingException",
        "ImageNotFoundException", ""};
    for (size_t i = 0; i < COUNT(skews); i++)
        CHECK(aws_code_may_be_skew(skews[i]), "%s", skews[i]);
    for (size_t i = 0; i < COUNT(others); i++)
        CHECK(!aws_code_may_be_skew(others[i]), "%s", others[i]);
    assert_int_equal(ecr_failure_reason("ImageNotFound"), REASON_NO_IMAGE);
    static const char *const no_absence[] = {"InvalidImageDigest", "InvalidImageTag", "ImageTagDoesNotMatchDigest",
        "MissingDigestAndTag", "ImageReferencedByManifestList", "KmsError", "ImageInaccessible", "", "imagenotfound"};
    for (size_t i = 0; i < COUNT(no_absence); i++)
        CHECK(ecr_failure_reason(no_absence[i]) == REASON_REFUSED, "%s", no_absence[i]);
    static const char *const upstream[] = {"UpstreamAccessDenied", "UpstreamTooManyRequests", "UpstreamUnavailable"};
    for (size_t i = 0; i < COUNT(upstream); i++)
        CHECK(ecr_failure_reason(upstream[i]) == REASON_UPSTREAM_ERROR, "%s", upstream[i]);
}

static void test_retry_helps(void **state)
{
    (void)state;
    for (int reason = 0; reason < REASON_COUNT; reason++) {
        bool passes = reason == REASON_UNREACHABLE || reason == REASON_TIMEOUT || reason == REASON_THROTTLED ||
            reason == REASON_SERVER_ERROR;
        error_set(&error, (enum reason)reason, "x", "y");
        CHECK(retry_helps(&error) == (passes || reason == REASON_BAD_REPLY), "%s", reason_name((enum reason)reason));
        error.http_status = 200;
        CHECK(retry_helps(&error) == passes, "%s with a status", reason_name((enum reason)reason));
        error.final = true;
        CHECK(!retry_helps(&error), "%s that is final", reason_name((enum reason)reason));
    }
}

static struct rush {
    struct retry retry;
    struct error error;
    pthread_barrier_t start;
    atomic_int granted;
} rush;

static void *ask_for_another(void *data)
{
    int cost;
    (void)data;
    pthread_barrier_wait(&rush.start);
    if (retry_wait(&rush.retry, 1, &rush.error, DEADLINE_NONE, &cost))
        rush.granted++;
    return NULL;
}

/* Threads that pay from one bucket: no more of them than it holds, and what it held is what they paid. */
static void test_retry_threads(void **state)
{
    (void)state;
    pthread_t threads[24];
    error_set(&error, REASON_TIMEOUT, "x", "y");
    rush.error = error;
    retry_init(&rush.retry, RETRY_ATTEMPTS);
    rush.retry.tokens = 5 * RETRY_COST_TRANSPORT + 3;
    rush.granted = 0;
    assert_int_equal(pthread_barrier_init(&rush.start, NULL, COUNT(threads)), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_for_another, NULL), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(rush.granted, 5);
    assert_int_equal(rush.retry.tokens, 3);
    pthread_barrier_destroy(&rush.start);
}

static void test_retry_bucket(void **state)
{
    (void)state;
    struct retry retry;
    int cost = 0, retries = 0;
    int64_t soon = deadline_in(-1);
    retry_init(&retry, RETRY_ATTEMPTS);
    error_set(&error, REASON_THROTTLED, "x", "y");
    error.http_status = 400;
    assert_false(retry_wait(&retry, 1, &error, soon, &cost)); /* it would pass the deadline: nothing is paid */
    assert_int_equal(retry.tokens, RETRY_CAPACITY);
    assert_false(retry_wait(&retry, RETRY_ATTEMPTS, &error, DEADLINE_NONE, &cost));
    error_set(&error, REASON_DENIED, "x", "y");
    assert_false(retry_wait(&retry, 1, &error, DEADLINE_NONE, &cost));
    assert_int_equal(retry.tokens, RETRY_CAPACITY);

    error_set(&error, REASON_TIMEOUT, "x", "y");
    retry.tokens = RETRY_COST_TRANSPORT - 1;
    assert_false(retry_wait(&retry, 1, &error, DEADLINE_NONE, &cost));
    retry.tokens = RETRY_COST_TRANSPORT;
    int64_t before = clock_ms();
    assert_true(retry_wait(&retry, 1, &error, DEADLINE_NONE, &cost));
    assert_true(clock_ms() - before <= 1200); /* jitter over the first second */
    assert_int_equal(retry.tokens, 0);
    assert_int_equal(cost, RETRY_COST_TRANSPORT);
    retry_succeeded(&retry, cost);
    assert_int_equal(retry.tokens, RETRY_COST_TRANSPORT);
    retry_succeeded(&retry, 0);
    assert_int_equal(retry.tokens, RETRY_COST_TRANSPORT + 1);
    retry.tokens = RETRY_CAPACITY;
    retry_succeeded(&retry, RETRY_COST);
    assert_int_equal(retry.tokens, RETRY_CAPACITY);

    error_set(&error, REASON_THROTTLED, "x", "y");
    error.http_status = 429;
    error.retry_after = 2; /* longer than the deadline allows: not waited for */
    assert_false(retry_wait(&retry, 1, &error, deadline_in(1500), &cost));
    error.retry_after = 1;
    before = clock_ms();
    assert_true(retry_wait(&retry, 1, &error, deadline_in(3000), &cost));
    assert_true(clock_ms() - before >= 1000);
    assert_int_equal(cost, RETRY_COST);
    retry_init(&retry, 1);
    assert_false(retry_wait(&retry, 1, &error, DEADLINE_NONE, &cost));
    for (uint32_t max = 0; max < 100; max++, retries++)
        assert_true(random_up_to(max) <= max);
    assert_true(random_up_to(UINT32_MAX) != random_up_to(UINT32_MAX) ||
        random_up_to(UINT32_MAX) != random_up_to(UINT32_MAX));
}

static void test_covering_rule(void **state)
{
    (void)state;
    static const struct ecr_cache_rule rules[] = {{"docker", "a", NULL}, {"docker/hub", "b", NULL}, {"ROOT", "root", NULL},
        {"team/", "t", NULL}, {"", "empty", NULL}};
    static const struct {
        const char *repository;
        size_t count;
        const char *upstream;
    } rows[] = {
        {"docker/x", 5, "a"}, {"docker/hub/x", 5, "b"}, {"docker/hubx/x", 5, "a"}, {"dockerx/x", 5, "root"},
        {"docker", 5, "root"}, {"docker/hub", 5, "a"}, {"team/x", 5, "t"}, {"x", 5, "root"},
        {"x", 2, NULL}, {"dockerx/x", 2, NULL}, {"docker", 2, NULL}, {"docker/x", 0, NULL}, {"ROOT/x", 2, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct ecr_cache_rule *rule = ecr_covering_rule(rules, rows[i].count, rows[i].repository);
        CHECK_TEXT(rule ? rule->upstream : NULL, rows[i].upstream, "%s", rows[i].repository);
    }
}

RUN(TEST(test_ini), TEST(test_config), TEST(test_named_sections), TEST(test_profiles), TEST(test_chain), TEST(test_error_code), TEST(test_codes),
    TEST(test_retry_helps), TEST(test_retry_bucket), TEST(test_retry_threads), TEST(test_covering_rule))
