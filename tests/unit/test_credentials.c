/* Credentials out of JSON, registry tokens, and which profile or role is used for which registry. */
#include "unit.h"

#include "aws/credentials.h"
#include "base/clock.h"
#include "base/encode.h"
#include "ecr/registry_map.h"
#include "ecr/token.h"

static const struct credentials_members members = {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId"};

#define KEYS "\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"top/secret\""

static void test_from_json(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool needs_token, may_be_over;
        int reason;           /* REASON_OK: credentials */
        const char *mentions; /* of an error */
        const char *token, *account;
        int64_t expires;
    } rows[] = {
        {"{" KEYS "}", false, false, REASON_OK, NULL, NULL, NULL, 0},
        {"{" KEYS ",\"Token\":\"T\",\"AccountId\":\"123456789012\",\"Expiration\":\"2099-01-01T00:00:00Z\"}", true, false,
         REASON_OK, NULL, "T", "123456789012", 4070908800},
        {"{" KEYS ",\"Token\":null,\"AccountId\":null,\"Expiration\":null}", false, false, REASON_OK, NULL, NULL, NULL, 0},
        {"{" KEYS ",\"Token\":\"\",\"AccountId\":\"\"}", false, false, REASON_OK, NULL, NULL, NULL, 0},
        {"{" KEYS ",\"AccountId\":123456789012,\"x\":[]}", false, false, REASON_OK, NULL, NULL, NULL, 0},
        {"{" KEYS ",\"Token\":\"T\\/\\u0041\"}", true, false, REASON_OK, NULL, "T/A", NULL, 0},
        /* Missing, empty, of another type, cut by a NUL. */
        {"{" KEYS "}", true, false, REASON_NO_CREDENTIALS, "Token", NULL, NULL, 0},
        {"{" KEYS ",\"Token\":\"\"}", true, false, REASON_NO_CREDENTIALS, "Token", NULL, NULL, 0},
        {"{" KEYS ",\"Token\":7}", true, false, REASON_NO_CREDENTIALS, "Token", NULL, NULL, 0},
        {"{" KEYS ",\"Token\":\"a\\u0000b\"}", true, false, REASON_NO_CREDENTIALS, "Token", NULL, NULL, 0},
        {"{\"AccessKeyId\":\"AK\"}", false, false, REASON_NO_CREDENTIALS, "SecretAccessKey", NULL, NULL, 0},
        {"{\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"\"}", false, false, REASON_NO_CREDENTIALS, "SecretAccessKey", NULL, NULL, 0},
        {"{\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"s\\u0000\"}", false, false, REASON_NO_CREDENTIALS, "SecretAccessKey", NULL, NULL, 0},
        {"{\"SecretAccessKey\":\"top/secret\"}", false, false, REASON_NO_CREDENTIALS, "AccessKeyId", NULL, NULL, 0},
        {"{\"AccessKeyId\":[\"AK\"],\"SecretAccessKey\":\"top/secret\"}", false, false, REASON_NO_CREDENTIALS, "AccessKeyId", NULL, NULL, 0},
        {"{\"accesskeyid\":\"AK\",\"secretaccesskey\":\"top/secret\"}", false, false, REASON_NO_CREDENTIALS, "AccessKeyId", NULL, NULL, 0},
        {"{}", false, false, REASON_NO_CREDENTIALS, "AccessKeyId", NULL, NULL, 0}, {"[]", false, false, REASON_NO_CREDENTIALS, "AccessKeyId", NULL, NULL, 0},
        {"null", false, false, REASON_NO_CREDENTIALS, "AccessKeyId", NULL, NULL, 0}, {"\"" "x\"", false, false, REASON_NO_CREDENTIALS, "AccessKeyId", NULL, NULL, 0},
        /* An end that cannot be read is no end that may be left out. */
        {"{" KEYS ",\"Expiration\":\"soon\"}", false, true, REASON_NO_CREDENTIALS, "Expiration", NULL, NULL, 0},
        {"{" KEYS ",\"Expiration\":\"\"}", false, true, REASON_NO_CREDENTIALS, "Expiration", NULL, NULL, 0},
        {"{" KEYS ",\"Expiration\":4070908800}", false, true, REASON_NO_CREDENTIALS, "Expiration", NULL, NULL, 0},
        {"{" KEYS ",\"Expiration\":\"2099-01-01\"}", false, true, REASON_NO_CREDENTIALS, "Expiration", NULL, NULL, 0},
        {"{" KEYS ",\"Expiration\":\"1970-01-01T00:00:00Z\"}", false, true, REASON_NO_CREDENTIALS, "Expiration", NULL, NULL, 0},
        {"{" KEYS ",\"Expiration\":\"1960-01-01T00:00:00Z\"}", false, true, REASON_NO_CREDENTIALS, "Expiration", NULL, NULL, 0},
        /* Over. */
        {"{" KEYS ",\"Expiration\":\"2020-01-01T00:00:00Z\"}", false, false, REASON_EXPIRED_CREDENTIALS, "2020-01-01T00:00:00Z", NULL, NULL, 0},
        {"{" KEYS ",\"Expiration\":\"2020-01-01T00:00:00Z\"}", false, true, REASON_OK, NULL, NULL, NULL, 1577836800},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json json;
        struct credentials got;
        error_clear(&error);
        assert_int_equal(json_parse(&arena, slice_of(rows[i].text), &json), 0);
        int status = credentials_from_json(&arena, json_root(&json), &members, rows[i].needs_token, rows[i].may_be_over,
                                           "the source", &got, &error);
        CHECK(status == (rows[i].reason == REASON_OK ? 0 : -1), "%s: %s", rows[i].text, error.cause);
        if (status < 0) {
            CHECK((int)error.reason == rows[i].reason && strstr(error.cause, rows[i].mentions), "%s: %s", rows[i].text, error.cause);
            CHECK(!strstr(error_text(&error, &arena), "top/secret"), "%s", rows[i].text);
            CHECK_TEXT(error.subject, "the source", "%s", rows[i].text);
            continue;
        }
        CHECK_TEXT(got.access_key_id, "AK", "%s", rows[i].text);
        CHECK_TEXT(got.secret_access_key, "top/secret", "%s", rows[i].text);
        CHECK_TEXT(got.session_token, rows[i].token, "%s", rows[i].text);
        CHECK_TEXT(got.account_id, rows[i].account, "%s", rows[i].text);
        CHECK_TEXT(got.source, "the source", "%s", rows[i].text);
        CHECK(got.expires == rows[i].expires && !got.kind && !got.profile, "%s", rows[i].text);
    }
    /* Members that the source does not have are not looked for. */
    static const struct credentials_members few = {"AccessKeyId", "SecretAccessKey", NULL, NULL, NULL};
    struct json json;
    struct credentials got;
    assert_int_equal(json_parse(&arena, SLICE("{" KEYS ",\"Expiration\":\"2020-01-01T00:00:00Z\"}"), &json), 0);
    assert_int_equal(credentials_from_json(&arena, json_root(&json), &few, false, false, "s", &got, &error), 0);
    assert_true(got.expires == 0 && !got.session_token);
}

static void test_same_and_copy(void **state)
{
    (void)state;
    static const struct {
        struct credentials a, b;
        bool same;
    } rows[] = {
        {{"A", "S", NULL, NULL, 0, NULL, NULL, NULL}, {"A", "S", NULL, "1", 5, "x", "y", "z"}, true},
        {{"A", "S", "T", NULL, 0, NULL, NULL, NULL}, {"A", "S", "T", NULL, 0, NULL, NULL, NULL}, true},
        {{"A", "S", "T", NULL, 0, NULL, NULL, NULL}, {"A", "S", NULL, NULL, 0, NULL, NULL, NULL}, false},
        {{"A", "S", "T", NULL, 0, NULL, NULL, NULL}, {"A", "S", "U", NULL, 0, NULL, NULL, NULL}, false},
        {{"A", "S", NULL, NULL, 0, NULL, NULL, NULL}, {"B", "S", NULL, NULL, 0, NULL, NULL, NULL}, false},
        {{"A", "S", NULL, NULL, 0, NULL, NULL, NULL}, {"A", "R", NULL, NULL, 0, NULL, NULL, NULL}, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(credentials_same(&rows[i].a, &rows[i].b) == rows[i].same && credentials_same(&rows[i].b, &rows[i].a) == rows[i].same,
              "row %zu", i);
    struct arena other = {NULL};
    struct credentials from = {arena_strdup(&other, "A"), arena_strdup(&other, "S"), arena_strdup(&other, "T"),
                               arena_strdup(&other, "1"), 7, arena_strdup(&other, "x"), arena_strdup(&other, "y"),
                               arena_strdup(&other, "z")};
    struct credentials copy = credentials_copy(&arena, &from);
    arena_free(&other);
    assert_string_equal(copy.access_key_id, "A");
    assert_string_equal(copy.secret_access_key, "S");
    assert_string_equal(copy.session_token, "T");
    assert_string_equal(copy.account_id, "1");
    assert_string_equal(copy.source, "x");
    assert_string_equal(copy.kind, "y");
    assert_string_equal(copy.profile, "z");
    assert_int_equal(copy.expires, 7);
    copy = credentials_copy(&arena, &rows[0].a);
    assert_true(!copy.session_token && !copy.account_id && !copy.source && !copy.kind && !copy.profile);
    struct credentials ends = {.expires = clock_unix() + 100};
    assert_true(credentials_end_within(&ends, 101) && !credentials_end_within(&ends, 90));
    ends.expires = 0;
    assert_false(credentials_end_within(&ends, INT32_MAX)); /* not known: never */
    ends.expires = clock_unix() - 1;
    assert_true(credentials_end_within(&ends, 0));
}

static void test_token_split(void **state)
{
    (void)state;
    static const struct {
        const char *plain, *user, *password; /* user NULL: refused */
    } rows[] = {
        {"AWS:pw", "AWS", "pw"}, {"AWS:p:w:", "AWS", "p:w:"}, {"AWS::", "AWS", ":"}, {"AWS: ", "AWS", " "}, {"AWS: \n", NULL, NULL}, {"A\x7f:x", NULL, NULL},
        {"\xc3\xa9:\xff", "\xc3\xa9", "\xff"}, {"AWS:", NULL, NULL}, {"AWS", NULL, NULL}, {"", NULL, NULL}, {":", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf text = BUF_INIT;
        const char *user = NULL, *password = NULL;
        encode_base64(&text, slice_of(rows[i].plain), false);
        error_clear(&error);
        CHECK(ecr_token_split(text.data, &arena, &user, &password, &error) == (rows[i].user ? 0 : -1), "%s", rows[i].plain);
        CHECK_TEXT(user, rows[i].user, "%s", rows[i].plain);
        CHECK_TEXT(password, rows[i].password, "%s", rows[i].plain);
        CHECK(error.reason == (rows[i].user ? REASON_OK : REASON_BAD_REPLY), "%s", rows[i].plain);
        buf_free(&text);
    }
    static const char *const broken[] = {"QVdTOnB3!", "QVdTO", "QVdT\nOnB3=", "=", "AWS:pw", "QVdTOnB3QVdTOnB3=", "QVdTOnAAdw==", "QQBTOnB3"};
    for (size_t i = 0; i < COUNT(broken); i++) {
        const char *user, *password;
        error_clear(&error);
        CHECK(ecr_token_split(broken[i], &arena, &user, &password, &error) == -1, "%s", broken[i]);
        CHECK(error.reason == REASON_BAD_REPLY && !strstr(error_text(&error, &arena), broken[i]), "%s", broken[i]);
    }
}

#define A "123456789012"
#define B "210987654321"
#define HOST ".dkr.ecr.us-east-1.amazonaws.com"

static void test_map(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *file;
        int reason;         /* REASON_OK: it is read */
        const char *rules;  /* "registry=target;" in their order */
    } rows[] = {
        {NULL, NULL, REASON_OK, ""}, {"", NULL, REASON_OK, ""}, {" ,\n\t, ", NULL, REASON_OK, ""},
        {A "=prod", NULL, REASON_OK, A "=prod;"}, {A "=prod," B "=dev", NULL, REASON_OK, A "=prod;" B "=dev;"},
        {A "=prod " B "=dev\t" A HOST "=x\npublic.ecr.aws=y", NULL, REASON_OK, A "=prod;" B "=dev;" A HOST "=x;public.ecr.aws=y;"},
        {"," A "=prod,,", NULL, REASON_OK, A "=prod;"}, {A ".DKR.ecr.US-east-1.amazonaws.COM=Prod", NULL, REASON_OK, A HOST "=Prod;"},
        {A "=a=b", NULL, REASON_OK, A "=a=b;"},
        {A "=arn:aws:iam::" B ":role/puller", NULL, REASON_OK, A "=arn:aws:iam::" B ":role/puller;"},
        {A "=arn:aws-cn:iam::" B ":role/path/puller", NULL, REASON_OK, A "=arn:aws-cn:iam::" B ":role/path/puller;"},
        {NULL, "[registries]\n" A " = prod\n" A HOST "=x # why\n", REASON_OK, A "=prod;" A HOST "=x;"},
        {NULL, "[other]\nkey = value\n[registries]\n" A " = a b\n[more]\n" B "=x\n", REASON_OK, A "=a b;"},
        {NULL, "", REASON_OK, ""}, {NULL, "[registries]\n", REASON_OK, ""}, {NULL, "[Registries]\n" A "=x\n", REASON_OK, ""},
        {A "=v", "[registries]\n" A "=f\n" B "=f\n", REASON_OK, A "=v;" A "=f;" B "=f;"},
        /* Refused: what would never be looked up is a mistake that must be seen. */
        {"prod", NULL, REASON_NO_CREDENTIALS, NULL}, {A, NULL, REASON_NO_CREDENTIALS, NULL}, {A "=", NULL, REASON_NO_CREDENTIALS, NULL},
        {"=prod", NULL, REASON_NO_CREDENTIALS, NULL}, {"=", NULL, REASON_NO_CREDENTIALS, NULL}, {A "=a " B, NULL, REASON_NO_CREDENTIALS, NULL},
        {"12345678901=x", NULL, REASON_NO_CREDENTIALS, NULL}, {A "3=x", NULL, REASON_NO_CREDENTIALS, NULL}, {"12345678901a=x", NULL, REASON_NO_CREDENTIALS, NULL},
        {"docker.io=x", NULL, REASON_NO_CREDENTIALS, NULL}, {A HOST ".evil.test=x", NULL, REASON_NO_CREDENTIALS, NULL},
        {"https://" A HOST "=x", NULL, REASON_NO_CREDENTIALS, NULL}, {A HOST "/repo=x", NULL, REASON_NO_CREDENTIALS, NULL},
        {A HOST ":443=x", NULL, REASON_NO_CREDENTIALS, NULL}, {"*=x", NULL, REASON_NO_CREDENTIALS, NULL},
        {A "=arn:aws:iam::" B ":user/x", NULL, REASON_NO_CREDENTIALS, NULL}, {A "=arn:", NULL, REASON_NO_CREDENTIALS, NULL},
        {A "=arn:aws:sts::" B ":assumed-role/x/y", NULL, REASON_NO_CREDENTIALS, NULL},
        {NULL, "[registries]\n" A "\n", REASON_NO_CREDENTIALS, NULL}, {NULL, "[registries]\n" A " =\n", REASON_NO_CREDENTIALS, NULL},
        {NULL, "[registries]\ndocker.io = x\n", REASON_NO_CREDENTIALS, NULL}, {NULL, "broken", REASON_NO_CREDENTIALS, NULL},
        {NULL, A "=x\n", REASON_NO_CREDENTIALS, NULL},
    };
    char *folder = new_folder();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct registry_map map;
        struct buf seen = BUF_INIT;
        env_clean();
        if (rows[i].variable)
            setenv("ECR_REGISTRY_MAP", rows[i].variable, 1);
        if (rows[i].file)
            setenv("ECR_CONFIG_FILE", write_file(folder, "config", rows[i].file), 1);
        error_clear(&error);
        int status = registry_map_load(&map, &arena, &error);
        CHECK((int)error.reason == rows[i].reason && status == (rows[i].rules ? 0 : -1), "row %zu: %s", i, error.cause);
        for (size_t k = 0; status == 0 && k < map.count; k++) {
            buf_printf(&seen, "%s=%s;", map.rules[k].registry, map.rules[k].target);
            CHECK(map.rules[k].place != NULL, "row %zu", i);
        }
        if (rows[i].rules)
            CHECK_TEXT(seen.data, rows[i].rules, "row %zu", i);
        buf_free(&seen);
    }
    env_clean();
    struct registry_map map;
    setenv("ECR_CONFIG_FILE", arena_printf(&arena, "%s/none", folder), 1); /* a file that was named has to be there */
    assert_int_equal(registry_map_load(&map, &arena, &error), -1);
    unsetenv("ECR_CONFIG_FILE");
    setenv("HOME", folder, 1); /* the usual one need not */
    assert_int_equal(registry_map_load(&map, &arena, &error), 0);
    assert_int_equal(map.count, 0);
    write_file(folder, ".config/ecr/config", "[registries]\n" A "=home\n");
    assert_int_equal(registry_map_load(&map, &arena, &error), 0);
    assert_string_equal(map.rules[0].target, "home");
    env_clean();
    remove_folder(folder);
}

/* What a NUL would cut is no rule. */
static void test_map_nul(void **state)
{
    (void)state;
    static const char rows[][40] = {"333333333333 = %cdev\n", "333333333333%cx = dev\n", "333333333333 = d%cev\n", "%c = dev\n"};
    char *folder = new_folder(), *path = write_file(folder, "config", "");
    env_clean();
    setenv("ECR_CONFIG_FILE", path, 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct registry_map map;
        FILE *file = fopen(path, "w");
        assert_true(file && fputs("[registries]\n", file) >= 0 && fprintf(file, rows[i], 0) > 0 && fclose(file) == 0);
        error_clear(&error);
        CHECK(registry_map_load(&map, &arena, &error) == -1 && error.reason == REASON_NO_CREDENTIALS, "row %zu", i);
    }
    env_clean();
    remove_folder(folder);
}

/*
 * A host counts before an account, the variable before the file, the first before the next; the FIPS and dual-stack
 * names of a registry are the same registry, but a rule for the very name comes first.
 */
static void test_map_find(void **state)
{
    (void)state;
    static const struct {
        const char *registry, *target;
    } rows[] = {
        {A ".dkr.ecr.us-east-1.amazonaws.com", "host"}, {A ".dkr.ecr.us-east-2.amazonaws.com", "account"},
        {A ".dkr.ecr-fips.us-east-1.amazonaws.com", "host"}, {A ".dkr-ecr.us-east-1.on.aws", "host"},
        {A ".dkr-ecr-fips.us-east-1.on.aws", "host"}, {A ".dkr.ecr-fips.us-east-2.amazonaws.com", "account"},
        {A ".dkr-ecr.us-east-2.on.aws", "account"}, {B ".dkr.ecr.us-east-1.amazonaws.com", "arn:aws:iam::" B ":role/r"},
        {B ".dkr-ecr.us-east-1.on.aws", "arn:aws:iam::" B ":role/r"},
        {"333333333333.dkr.ecr.us-east-1.amazonaws.com", "file"}, {"333333333333.dkr.ecr-fips.us-east-1.amazonaws.com", "file"},
        {"444444444444.dkr.ecr.us-east-1.amazonaws.com", NULL}, {"444444444444.dkr.ecr-fips.us-east-1.amazonaws.com", NULL},
        /* A rule for another form alone. */
        {A ".dkr.ecr-fips.us-west-2.amazonaws.com", "fips"}, {A ".dkr.ecr.us-west-2.amazonaws.com", "fips"},
        {A ".dkr-ecr.us-west-2.on.aws", "fips"}, {B ".dkr.ecr.us-west-2.amazonaws.com", "arn:aws:iam::" B ":role/r"},
        {"444444444444.dkr.ecr.eu-west-1.amazonaws.com", "dual"}, {"444444444444.dkr.ecr.eu-west-2.amazonaws.com", NULL},
        {"555555555555.dkr.ecr.eu-west-1.amazonaws.com", NULL},
        /* Rules for more than one form: each its own. */
        {A ".dkr.ecr.us-west-1.amazonaws.com", "plain"}, {A ".dkr.ecr-fips.us-west-1.amazonaws.com", "its own"},
        {A ".dkr-ecr.us-west-1.on.aws", "its own"},
        {"public.ecr.aws", "public"}, {"ecr-public.aws.com", "public"},
    };
    char *folder = new_folder();
    struct registry_map map;
    struct ecr_host host;
    env_clean();
    setenv("ECR_REGISTRY_MAP", A "=account " A "=second " B "=arn:aws:iam::" B ":role/r", 1);
    setenv("ECR_CONFIG_FILE", write_file(folder, "c", "[registries]\n" A HOST "=host\n" B "=file\n333333333333=file\npublic.ecr.aws=public\n"
           A ".dkr.ecr-fips.us-west-2.amazonaws.com = fips\n444444444444.dkr-ecr.eu-west-1.on.aws = dual\n"
           A ".dkr.ecr-fips.us-west-1.amazonaws.com = its own\n" A ".dkr.ecr.us-west-1.amazonaws.com = plain\n"), 1);
    assert_int_equal(registry_map_load(&map, &arena, &error), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(ecr_host_parse(&arena, rows[i].registry, &host));
        const struct registry_rule *rule = registry_map_find(&map, &host);
        CHECK_TEXT(rule ? rule->target : NULL, rows[i].target, "%s", rows[i].registry);
        CHECK(!rule || registry_rule_is_role(rule) == slice_starts(slice_of(rule->target), "arn:"), "%s", rows[i].registry);
    }
    /* ECR Public is no region of anybody's registry, and the other way about. */
    unsetenv("ECR_CONFIG_FILE");
    setenv("ECR_REGISTRY_MAP", "ecr-public.aws.com=other " A "=account", 1);
    assert_int_equal(registry_map_load(&map, &arena, &error), 0);
    assert_true(ecr_host_parse(&arena, "public.ecr.aws", &host));
    assert_string_equal(registry_map_find(&map, &host)->target, "other");
    assert_true(ecr_host_parse(&arena, A HOST, &host));
    assert_string_equal(registry_map_find(&map, &host)->target, "account");
    setenv("ECR_REGISTRY_MAP", "public.ecr.aws=other", 1);
    assert_int_equal(registry_map_load(&map, &arena, &error), 0);
    assert_null(registry_map_find(&map, &host));
    setenv("ECR_REGISTRY_MAP", A HOST "=host", 1);
    assert_int_equal(registry_map_load(&map, &arena, &error), 0);
    assert_true(ecr_host_parse(&arena, "public.ecr.aws", &host));
    assert_null(registry_map_find(&map, &host));
    env_clean();
    remove_folder(folder);
}

RUN(TEST(test_from_json), TEST(test_same_and_copy), TEST(test_token_split), TEST(test_map), TEST(test_map_nul), TEST(test_map_find))
