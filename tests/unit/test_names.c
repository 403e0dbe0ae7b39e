/* What a user types about registries: names, ARNs, targets, upstreams, policies. */
#include "unit.h"

#include "ecr/name.h"
#include "ecr/policy.h"
#include "ecr/target.h"
#include "ecr/upstream.h"

#define HEX32 "0123456789abcdef0123456789abcdef"
#define SHA "sha256:" HEX32 HEX32
#define ACCOUNT "123456789012"
#define HOST ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com"
#define UUID "01234567-89ab-cdef-0123-456789abcdef"
#define KMS "arn:aws:kms:us-east-1:" ACCOUNT ":"
#define SECRET "arn:aws:secretsmanager:us-east-1:" ACCOUNT ":secret:"
#define ROLE "arn:aws:iam::" ACCOUNT ":role/"

/* A text, and words of the rule that it breaks; NULL: it is good. */
struct row {
    const char *text, *rule;
};

static void check_row(const struct row *row, const char *fault)
{
    CHECK(!fault == !row->rule, "'%s': %s", row->text, fault ? fault : "(good)");
    CHECK(!fault || !row->rule || strstr(fault, row->rule), "'%s': %s", row->text, fault);
}

static void check_rows(const struct row *rows, size_t count, const char *(*fault)(struct slice text))
{
    for (size_t i = 0; i < count; i++)
        check_row(&rows[i], fault(slice_of(rows[i].text)));
}

static bool is_good(const char *front, size_t len, const char *(*fault)(struct slice text))
{
    return !fault(slice_of(arena_printf(&arena, "%s%s", front, repeat("a", len - strlen(front)))));
}

/* A text of so many bytes passes, one more or one fewer does not; `least` 0: there is no such limit. */
static void check_lengths(const char *front, size_t least, size_t most, const char *(*fault)(struct slice text))
{
    CHECK(is_good(front, most, fault) && !is_good(front, most + 1, fault), "%zu of %s", most, front);
    CHECK(!least || (is_good(front, least, fault) && !is_good(front, least - 1, fault)), "%zu of %s", least, front);
}

static const char *private_fault(struct slice name)
{
    return ecr_repository_fault(name, false);
}

static const char *public_fault(struct slice name)
{
    return ecr_repository_fault(name, true);
}

static void test_repositories(void **state)
{
    (void)state;
    static const struct row both[] = {
        {"ab", NULL}, {"00", NULL}, {"team/app", NULL}, {"a/b/c/d/e", NULL}, {"a.b_c-d/e.f", NULL}, {"root", NULL},
        {"", "at least 2"}, {"a", "at least 2"}, {"/", "at least 2"},
        {"Team/app", "no capital letters"}, {"teaM", "no capital letters"}, {"ROOT", "no capital letters"},
        {"team app", "letters, digits"}, {"team+app", "letters, digits"}, {"app*", "letters, digits"},
        {"app\n", "letters, digits"}, {"b\xc3\xbc" "cher", "letters, digits"}, {"app:v1", "letters, digits"},
        {"app@" SHA, "letters, digits"}, {"Team app", "letters, digits"},
        {"/app", "begins and ends"}, {"app/", "begins and ends"}, {"a//b", "begins and ends"}, {"-app", "begins and ends"},
        {"app-", "begins and ends"}, {"a/.b", "begins and ends"}, {"a_/b", "begins and ends"}, {"a/../b", "begins and ends"},
        {"a/b/_", "begins and ends"}, {"..", "begins and ends"},
    };
    static const struct row only_private[] = {
        {"a__b", NULL}, {"a--b", NULL}, {"a-----b/c__d", NULL},
        {"a..b", "one '.', one or two '_', or '-'"}, {"a___b", "one '.'"}, {"a._b", "one '.'"}, {"a-_b", "one '.'"},
        {"a/b.-c", "one '.'"},
    };
    static const struct row only_public[] = {
        {"a__b", "in ECR Public one"}, {"a--b", "in ECR Public one"}, {"a..b", "in ECR Public one"},
        {"a/b-.c", "in ECR Public one"},
    };
    check_rows(both, COUNT(both), private_fault);
    check_rows(both, COUNT(both), public_fault);
    check_rows(only_private, COUNT(only_private), private_fault);
    check_rows(only_public, COUNT(only_public), public_fault);
    check_lengths("", 2, 256, private_fault);
    check_lengths("", 2, 205, public_fault);
    assert_non_null(strstr(private_fault(slice_of(repeat("a", 257))), "at most 256"));
    assert_non_null(strstr(public_fault(slice_of(repeat("a", 206))), "at most 205"));
    assert_non_null(private_fault((struct slice){"a\0b", 3}));
}

static void test_accounts_and_regions(void **state)
{
    (void)state;
    static const struct row accounts[] = {
        {ACCOUNT, NULL}, {"000000000000", NULL}, {"", "12 digits"}, {"12345678901", "12 digits"}, {ACCOUNT "3", "12 digits"},
        {"12345678901x", "12 digits"}, {"+12345678901", "12 digits"}, {"-12345678901", "12 digits"},
        {" 12345678901", "12 digits"},
        {"1234-5678-90", "12 digits"}, {"0x1234567890", "12 digits"}, {"prod", "12 digits"},
    };
    static const struct row regions[] = {
        {"us-east-1", NULL}, {"eu-central-1", NULL}, {"us-gov-west-1", NULL}, {"ap-southeast-15", NULL},
        {"eusc-de-east-1", NULL},
        {"", "us-east-1"}, {"useast1", "us-east-1"}, {"US-EAST-1", "us-east-1"}, {"us_east_1", "us-east-1"},
        {"us east 1", "us-east-1"},
        {"-us-east-1", "us-east-1"}, {"us-east-1-", "us-east-1"}, {"us-east-1/x", "us-east-1"},
        {"us-east-1.amazonaws.com", "us-east-1"},
        {"us-east-1111111111111111x", NULL}, {"us-east-11111111111111111x", "us-east-1"}, /* the model has 2 to 25 */
    };
    check_rows(accounts, COUNT(accounts), ecr_account_fault);
    check_rows(regions, COUNT(regions), ecr_region_fault);
}

static void test_keys(void **state)
{
    (void)state;
    static const char rule[] = "a KMS key is";
    static const struct row rows[] = {
        {UUID, NULL}, {"mrk-" HEX32, NULL}, {"alias/mine", NULL}, {"alias/aws/ecr", NULL}, {"alias/My_Key-1", NULL},
        {KMS "key/" UUID, NULL}, {KMS "key/mrk-" HEX32, NULL}, {KMS "alias/mine", NULL},
        {"arn:aws-cn:kms:cn-north-1:" ACCOUNT ":key/" UUID, NULL},
        {"arn:aws-us-gov:kms:us-gov-west-1:" ACCOUNT ":key/" UUID, NULL},
        {"", rule}, {"mine", rule}, {"alias/", rule}, {"alias/a b", rule}, {"alias/a*", rule}, {"alias:mine", rule},
        {"Alias/mine", rule},
        {"01234567-89AB-cdef-0123-456789abcdef", rule}, {"0123", rule}, {UUID " ", rule}, {"key/" UUID, rule},
        {KMS "key/", rule}, {KMS "key/mine", rule}, {KMS "alias/", rule}, {KMS UUID, rule}, {KMS "grant/" UUID, rule},
        {KMS, rule},
        {KMS "alias/a b", rule}, {KMS "key/" UUID "\n", rule},
        {"arn:aws:kms:us-east-1::key/" UUID, rule}, {"arn:aws:kms::" ACCOUNT ":key/" UUID, rule},
        {"arn:aws:s3:us-east-1:" ACCOUNT ":key/" UUID, rule}, {"arn:gcp:kms:us-east-1:" ACCOUNT ":key/" UUID, rule},
        {"arn:aws:kms:us-east-1:12345:key/" UUID, rule}, {"arn:aws:kms:US:" ACCOUNT ":key/" UUID, rule}, {"arn:", rule},
        {"arn:aws", rule},
    };
    check_rows(rows, COUNT(rows), ecr_kms_key_fault);
    check_lengths("alias/", 7, 2048, ecr_kms_key_fault);
    assert_non_null(strstr(ecr_kms_key_fault(slice_of(repeat("a", 2049))), "at most 2048"));
}

static void test_filters_and_tags(void **state)
{
    (void)state;
    static const struct row filters[] = {
        {"latest", NULL}, {"*", NULL}, {"dev-*", NULL}, {"*a*", NULL}, {"A.b_c-9", NULL},
        {"", "1 to 128"}, {"a b", "1 to 128"}, {"a/b", "1 to 128"}, {"a?", "1 to 128"}, {"\xc3\xa9", "1 to 128"},
        {"*a*b*", "two '*'"}, {"***", "two '*'"},
    };
    static const struct row tags[] = {
        {"team=a", NULL}, {"team=", NULL}, {"a=b=c", NULL}, {"a b:c/d=+-@", NULL}, {"\xc3\xa9=\xc3\xa9", NULL},
        {"awsome=1", NULL},
        {"", "KEY=VALUE"}, {"team", "KEY=VALUE"}, {"=a", "KEY=VALUE"}, {"=", "KEY=VALUE"},
        {"aws:team=a", "aws:"}, {"AWS:team=a", "aws:"}, {"Aws:=a", "aws:"},
    };
    check_rows(filters, COUNT(filters), ecr_mutability_filter_fault);
    check_lengths("", 1, 128, ecr_mutability_filter_fault);
    check_rows(tags, COUNT(tags), ecr_resource_tag_fault);
    check_lengths("k=", 0, 258, ecr_resource_tag_fault);
    const struct row lengths[] = {
        {arena_printf(&arena, "%s=v", repeat("k", 128)), NULL}, {arena_printf(&arena, "%s=v", repeat("k", 129)), "128"},
        /* Characters, and not bytes. */
        {arena_printf(&arena, "%s=v", repeat("\xc3\xa9", 128)), NULL},
        {arena_printf(&arena, "k=%s", repeat("\xe2\x82\xac", 256)), NULL},
        {arena_printf(&arena, "%s=v", repeat("\xc3\xa9", 129)), "128"},
    };
    check_rows(lengths, COUNT(lengths), ecr_resource_tag_fault);
}

static void test_prefixes(void **state)
{
    (void)state;
    static const struct row cache[] = {
        {"ROOT", NULL}, {"docker-hub", NULL}, {"docker-hub/", NULL}, {"team/a.b__c--d", NULL}, {"quay", NULL},
        {"", "2 to 30"}, {"a", "2 to 30"}, {"/", "2 to 30"}, {"root/", NULL}, {"ROOT/", "capital"}, {"Root", "capital"},
        {"a//", "begins and ends"}, {"/ab", "begins and ends"}, {"ab-", "begins and ends"}, {"a..b", "one '.'"},
        {"a b", "letters, digits"},
        {"a*", "letters, digits"},
    };
    /* Its model: ^(?:[a-z0-9]+(?:[._-][a-z0-9]*)* /)*[a-z0-9]*(?:[._-][a-z0-9]*)*$ without the blank */
    static const struct row replication[] = {
        {"prod", NULL}, {"prod/", NULL}, {"prod-", NULL}, {"a.b_c-d/e", NULL}, {"a--b", NULL}, {"00", NULL}, {"a-/b", NULL},
        {"", "2 to 256"}, {"a", "2 to 256"}, {"Prod", "lower-case"}, {"a b", "lower-case"}, {"prod*", "lower-case"},
        {"/prod", "lower-case"},
        {"a//b", "lower-case"}, {"a/-b/c", "lower-case"},
    };
    /* Its model: ^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$ */
    static const struct row scan[] = {
        {"*", NULL}, {"a", NULL}, {"prod-*", NULL}, {"*/app", NULL}, {"a.b_c-d/e", NULL}, {"**", NULL}, {"a*b*c*d", NULL},
        {"", "lower-case"}, {"Prod", "lower-case"}, {"a b", "lower-case"}, {"-a", "lower-case"}, {"a-", "lower-case"},
        {"a/", "lower-case"},
        {"a?", "lower-case"}, {"a--b", "lower-case"}, {"a//b", "lower-case"}, {"a._b", "lower-case"},
    };
    check_rows(cache, COUNT(cache), ecr_cache_prefix_fault);
    check_lengths("", 2, 30, ecr_cache_prefix_fault);
    check_rows(replication, COUNT(replication), ecr_replication_prefix_fault);
    check_lengths("", 2, 256, ecr_replication_prefix_fault);
    check_rows(scan, COUNT(scan), ecr_scan_filter_fault);
    check_lengths("", 1, 255, ecr_scan_filter_fault);
}

static void test_secrets_and_roles(void **state)
{
    (void)state;
    static const char no_secret[] = "no ARN of a secret", no_role[] = "no ARN of a role";
    static const struct row secrets[] = {
        {SECRET "ecr-pullthroughcache/docker-hub-AbCdEf", NULL}, {SECRET "ecr-pullthroughcache/a/b_c+d=e.f@g-h", NULL},
        {"arn:aws-us-gov:secretsmanager:us-gov-west-1:" ACCOUNT ":secret:ecr-pullthroughcache/x", NULL},
        {"", no_secret}, {"ecr-pullthroughcache/docker-hub", no_secret}, {SECRET, "begins with"}, {ROLE "x", no_secret},
        {"arn:aws:secretsmanager::" ACCOUNT ":secret:ecr-pullthroughcache/x", no_secret},
        {"arn:aws:secretsmanager:us-east-1::secret:ecr-pullthroughcache/x", no_secret},
        {"arn:aws:secretsmanager:us-east-1:12345:secret:ecr-pullthroughcache/x", no_secret},
        {"arn:aws:ssm:us-east-1:" ACCOUNT ":secret:ecr-pullthroughcache/x", no_secret},
        {"arn:aws:secretsmanager:us-east-1:" ACCOUNT ":parameter:ecr-pullthroughcache/x", no_secret},
        {"arn:awsome:secretsmanager:us-east-1:" ACCOUNT ":secret:ecr-pullthroughcache/x", no_secret},
        {"xarn:aws:secretsmanager:us-east-1:" ACCOUNT ":secret:ecr-pullthroughcache/x", no_secret},
        {SECRET "docker-hub", "begins with ecr-pullthroughcache/"},
        {SECRET "ecr-pullthroughcachex/y", "begins with ecr-pullthroughcache/"},
        {SECRET "ecr-pullthroughcache/", "letters, digits"}, {SECRET "ecr-pullthroughcache/a b", "letters, digits"},
        {SECRET "ecr-pullthroughcache/a:b", "letters, digits"}, {SECRET "ecr-pullthroughcache/a\n", "letters, digits"},
    };
    static const struct row roles[] = {
        {ROLE "x", NULL}, {ROLE "path/to/x+=,.@-_", NULL}, {"arn:aws-cn:iam::" ACCOUNT ":role/x", NULL},
        {"", no_role}, {"x", no_role}, {ROLE, no_role}, {"arn:aws:iam::" ACCOUNT ":user/x", no_role},
        {"arn:aws:iam::12345:role/x", no_role},
        {"arn:aws:iam:us-east-1:" ACCOUNT ":role/x", no_role}, {"arn:aws:sts::" ACCOUNT ":role/x", no_role},
        {"arn:aws:sts::" ACCOUNT ":assumed-role/x/y", no_role}, {"arn:aws:iam:::role/x", no_role},
        {SECRET "ecr-pullthroughcache/x", no_role},
    };
    check_rows(secrets, COUNT(secrets), ecr_secret_arn_fault);
    check_lengths(SECRET "ecr-pullthroughcache/", 0, 612, ecr_secret_arn_fault);
    check_rows(roles, COUNT(roles), ecr_role_arn_fault);
    check_lengths(ROLE, strlen(ROLE) + 1, 2048, ecr_role_arn_fault);
}

static void test_arns(void **state)
{
    (void)state;
    struct arn arn;
    assert_true(arn_parse(slice_of("arn:aws:ecr:us-east-1:" ACCOUNT ":repository/a:b"), &arn));
    assert_true(slice_is(arn.partition, "aws") && slice_is(arn.service, "ecr") && slice_is(arn.region, "us-east-1"));
    assert_true(slice_is(arn.account, ACCOUNT) && slice_is(arn.resource, "repository/a:b"));
    assert_true(arn_parse(slice_of("arn:aws-cn:s3:::bucket"), &arn) && !arn.region.len && !arn.account.len);
    static const char *const texts[] = {"", "arn", "arn:", "arn:aws", "arn:aws:s3", "arn:aws:s3::", "arn:aws:s3:::",
                                        "arn:aws::::x", "ARN:aws:s3:::x", ":aws:s3:::x", "arn::s3:::x",
                                        "arn:gcp:s3:::x"};
    for (size_t i = 0; i < COUNT(texts); i++)
        CHECK(!arn_parse(slice_of(texts[i]), &arn), "%s", texts[i]);
}

static void test_targets(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum target_kind kind;
        bool is_public;
        const char *host, *alias, *repository, *tag, *digest, *name;
    } rows[] = {
        {HOST, TARGET_REGISTRY, false, HOST, NULL, "", NULL, NULL, ""},
        {HOST "/", TARGET_REGISTRY, false, HOST, NULL, "", NULL, NULL, ""},
        {"public.ecr.aws", TARGET_REGISTRY, true, "public.ecr.aws", NULL, "", NULL, NULL, ""},
        {"team/", TARGET_PREFIX, false, NULL, NULL, "team/", NULL, NULL, "team/"},
        {"t", TARGET_PREFIX, false, NULL, NULL, "t", NULL, NULL, "t"},
        {HOST, TARGET_PREFIX, false, HOST, NULL, "", NULL, NULL, ""},
        {HOST "/team", TARGET_PREFIX, false, HOST, NULL, "team", NULL, NULL, "team"},
        {"public.ecr.aws/me", TARGET_PREFIX, false, "public.ecr.aws", "me", "", NULL, NULL, ""},
        {"public.ecr.aws/me/app", TARGET_PREFIX, true, "public.ecr.aws", "me", "app", NULL, NULL, "app"},
        {"team/app", TARGET_REPOSITORY, false, NULL, NULL, "team/app", NULL, NULL, "team/app"},
        {"team/app", TARGET_REPOSITORY, true, NULL, NULL, "team/app", NULL, NULL, "team/app"},
        {"docker.io/library/alpine", TARGET_REPOSITORY, false, NULL, NULL, "docker.io/library/alpine", NULL, NULL,
         "docker.io/library/alpine"},
        {HOST "/a__b", TARGET_REPOSITORY, false, HOST, NULL, "a__b", NULL, NULL, "a__b"},
        {ACCOUNT ".DKR.ecr.EU-west-1.amazonaws.COM/app", TARGET_REPOSITORY, false, HOST, NULL, "app", NULL, NULL, "app"},
        {"public.ecr.aws/me/team/app", TARGET_REPOSITORY, false, "public.ecr.aws", "me", "team/app", NULL, NULL, "team/app"},
        {"app:v1", TARGET_IMAGE, false, NULL, NULL, "app", "v1", NULL, "app:v1"},
        {"a/b:V_1.0-x", TARGET_IMAGE, false, NULL, NULL, "a/b", "V_1.0-x", NULL, "a/b:V_1.0-x"},
        {"app@" SHA, TARGET_IMAGE, false, NULL, NULL, "app", NULL, SHA, "app@" SHA},
        {HOST "/app:v1@" SHA, TARGET_IMAGE, false, HOST, NULL, "app", "v1", SHA, "app:v1@" SHA},
        {"public.ecr.aws/me/app:v1", TARGET_IMAGE, true, "public.ecr.aws", "me", "app", "v1", NULL, "app:v1"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ecr_target t;
        int status = ecr_target_parse(&arena, rows[i].text, rows[i].kind, rows[i].is_public, &t, &error);
        CHECK(status == 0, "%s: %s", rows[i].text, error.cause);
        CHECK_TEXT(t.text, rows[i].text, "%s", rows[i].text);
        CHECK(t.has_host == (rows[i].host != NULL), "%s", rows[i].text);
        CHECK_TEXT(t.has_host ? t.host.name : NULL, rows[i].host, "%s", rows[i].text);
        CHECK_TEXT(t.alias, rows[i].alias, "%s", rows[i].text);
        CHECK_TEXT(t.repository, rows[i].repository, "%s", rows[i].text);
        CHECK_TEXT(t.tag, rows[i].tag, "%s", rows[i].text);
        CHECK_TEXT(t.digest, rows[i].digest, "%s", rows[i].text);
        const char *name = arena_printf(&arena, "%s%s%s%s%s", t.repository, t.tag ? ":" : "", t.tag ? t.tag : "",
                                        t.digest ? "@" : "", t.digest ? t.digest : "");
        CHECK_TEXT(name, rows[i].name, "%s", rows[i].text);
        CHECK(t.is_public == (rows[i].is_public || (t.has_host && t.host.is_public)), "%s", rows[i].text);
    }
}

#define PRIVATE 1 /* bits of what a row is tried as */
#define PUBLIC 2
#define REGISTRY 4
#define PREFIX 8
#define REPOSITORY 16
#define IMAGE 32
#define ALL (REGISTRY | PREFIX | REPOSITORY | IMAGE)

static void test_targets_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int as;
        const char *rule;
    } rows[] = {
        {"", ALL, "it is empty"},
        {"https://" HOST "/app", PREFIX | REPOSITORY | IMAGE, "no scheme"}, {"oci://app:v1", ALL, "no scheme"},
        {"12345678901.dkr.ecr.eu-west-1.amazonaws.com/app", ALL, "no registry of Amazon ECR"},
        {ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.org/app:v1", ALL, "no registry of Amazon ECR"},
        {ACCOUNT ".dkr-ecr.eu-west-1.amazonaws.com/app", ALL, "no registry of Amazon ECR"},
        {ACCOUNT ".DKR.ECR.nowhere.amazonaws.com/app", ALL, "no registry of Amazon ECR"},
        {"public.ecr.amazonaws.com/me/app", ALL, "no registry of Amazon ECR"},
        {"Public.ECR.example/app", ALL, "no registry of Amazon ECR"},
        {"localhost:5000/app:v1", ALL, "no registry of Amazon ECR"}, {HOST ":443/app:v1", ALL, "no registry of Amazon ECR"},
        /* A registry with a slip is no name of a repository, though its letters would do. */
        {"12345678901.dkr.ecr.eu-west-1.amazonaws.com", PREFIX | REPOSITORY, "no registry of Amazon ECR"},
        {HOST "/app", PUBLIC | REPOSITORY, "no registry of ECR Public"},
        {HOST "/app:v1", PUBLIC | IMAGE, "no registry of ECR Public"},
        {HOST, PUBLIC | REGISTRY, "no registry of ECR Public"},
        {"app", REGISTRY, "a registry is meant"}, {HOST "/app", PRIVATE | REGISTRY, "a registry is meant"},
        {"app:v1", PREFIX, "without tag and digest"}, {"app@x", PREFIX, "without tag and digest"},
        {"app:v1", REPOSITORY, "without tag and digest"}, {HOST "/app@" SHA, PRIVATE | REPOSITORY, "without tag and digest"},
        {"public.ecr.aws/me:v1", PREFIX, "the alias of a public registry"},
        {HOST, PRIVATE | REPOSITORY | IMAGE, "at least 2 characters"},
        {HOST "/", PRIVATE | REPOSITORY | IMAGE, "at least 2 characters"},
        {"public.ecr.aws/app", REPOSITORY | IMAGE, "at least 2 characters"}, {"a", REPOSITORY, "at least 2"},
        {"a:v1", IMAGE, "at least 2"},
        {":v1", IMAGE, "at least 2"}, {"@" SHA, IMAGE, "at least 2"},
        {"App", REPOSITORY, "capital"}, {"Team/app:v1", IMAGE, "capital"}, {"a//b", REPOSITORY, "begins and ends"},
        {"app//:v1", IMAGE, "begins and ends"}, {" app", REPOSITORY, "letters, digits"},
        {HOST "//app", PRIVATE | REPOSITORY, "begins and ends"},
        {"public.ecr.aws//app", REPOSITORY, ""}, {"public.ecr.aws//app:v1", IMAGE, ""},
        {"a__b", PUBLIC | REPOSITORY, "in ECR Public one"}, {"public.ecr.aws/me/a__b:v1", IMAGE, "in ECR Public one"},
        {"app", IMAGE, "a tag or a digest"}, {HOST "/team/app", PRIVATE | IMAGE, "a tag or a digest"},
        {"app:", IMAGE, "a tag has 1 to 128"}, {"app:-x", IMAGE, "a tag has"}, {"app:a b", IMAGE, "a tag has"},
        {"team/app:.", IMAGE, "a tag has"},
        {"app@", IMAGE, "a digest is written"}, {"app@sha256", IMAGE, "a digest is written"},
        {"app@v1", IMAGE, "a digest is written"},
        {"app@sha256:" HEX32, IMAGE, "64 lower-case"}, {"app@sha256:" HEX32 HEX32 "0", IMAGE, "64 lower-case"},
        {"app@" SHA "@" SHA, IMAGE, "a digest is written"}, {"app:@" SHA, IMAGE, "a tag has"},
        {"app:a:b", IMAGE, "letters, digits"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int kind = 0; kind < 4; kind++)
            for (int is_public = 0; is_public < 2; is_public++) {
                struct ecr_target t;
                int only = rows[i].as & (PRIVATE | PUBLIC);
                if (!(rows[i].as & (REGISTRY << kind)) || (only && only != (is_public ? PUBLIC : PRIVATE)))
                    continue;
                error_clear(&error);
                int status = ecr_target_parse(&arena, rows[i].text, (enum target_kind)kind, is_public, &t, &error);
                CHECK(status == -1 && error.reason == REASON_USAGE, "%s as %d", rows[i].text, kind);
                CHECK(strstr(error.cause, rows[i].rule) != NULL, "%s as %d: %s", rows[i].text, kind, error.cause);
                CHECK_TEXT(error.subject, *rows[i].text ? rows[i].text : "''", "%s", rows[i].text);
            }
}

static int parsed(const char *text, enum target_kind kind, bool is_public)
{
    struct ecr_target t;
    return ecr_target_parse(&arena, text, kind, is_public, &t, &error);
}

static void test_lengths_of_targets(void **state)
{
    (void)state;
    assert_int_equal(parsed(arena_printf(&arena, "app:%s", repeat("t", 128)), TARGET_IMAGE, false), 0);
    assert_int_equal(parsed(arena_printf(&arena, "app:%s", repeat("t", 129)), TARGET_IMAGE, false), -1);
    assert_int_equal(parsed(repeat("r", 256), TARGET_REPOSITORY, false), 0);
    assert_int_equal(parsed(repeat("r", 256), TARGET_REPOSITORY, true), -1);
}

static void test_upstreams(void **state)
{
    (void)state;
    static const struct {
        const char *name, *url;
        bool needs_secret, takes_role;
        const char *texts[6];
    } rows[] = {
        {"ecr-public", "public.ecr.aws", false, false,
         {"ecr-public", "public", "public.ecr.aws", "https://public.ecr.aws", "Public.ECR.aws"}},
        {"k8s", "registry.k8s.io", false, false, {"k8s", "kubernetes", "registry.k8s.io", "K8S"}},
        {"quay", "quay.io", false, false, {"quay", "quay.io", "https://quay.io", "HTTPS://QUAY.IO"}},
        {"docker-hub", "registry-1.docker.io", true, false,
         {"docker-hub", "docker", "docker.io", "index.docker.io", "registry-1.docker.io"}},
        {"github-container-registry", "ghcr.io", true, false, {"github-container-registry", "github", "ghcr", "ghcr.io"}},
        {"gitlab-container-registry", "registry.gitlab.com", true, false,
         {"gitlab-container-registry", "gitlab", "registry.gitlab.com"}},
        {"chainguard", "cgr.dev", true, false, {"chainguard", "cgr.dev"}},
        {"azure-container-registry", "mine1.azurecr.io", true, false,
         {"mine1.azurecr.io", "https://mine1.azurecr.io", "Mine1.azurecr.IO"}},
        {"ecr", HOST, false, true, {HOST, "https://" HOST, ACCOUNT ".DKR.ECR.eu-west-1.amazonaws.com"}},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t k = 0; k < 6 && rows[i].texts[k]; k++) {
            struct ecr_upstream upstream;
            CHECK(ecr_upstream_find(&arena, rows[i].texts[k], &upstream), "%s", rows[i].texts[k]);
            CHECK_TEXT(upstream.name, rows[i].name, "%s", rows[i].texts[k]);
            CHECK_TEXT(upstream.url, rows[i].url, "%s", rows[i].texts[k]);
            CHECK(upstream.needs_secret == rows[i].needs_secret, "%s", rows[i].texts[k]);
            CHECK(upstream.takes_role == rows[i].takes_role, "%s", rows[i].texts[k]);
        }
    static const char *const none[] = {"", "docker-hu", "docker.io/library", "gcr.io", "azure", "azurecr.io", ".azurecr.io",
    "a.b.azurecr.io",
                                       "a.azurecr.io.example", "my_one.azurecr.io", "a b.azurecr.io", "a/b.azurecr.io",
                                       "a@b.azurecr.io",
                                       "https://", "http://quay.io", "quay.io/x", HOST "/app", "1" HOST, "ecr",
                                       "mcr.microsoft.com",
                                       "ecr-public.aws.com.example", "\xc3\xa9.azurecr.io"};
    for (size_t i = 0; i < COUNT(none); i++) {
        struct ecr_upstream upstream;
        CHECK(!ecr_upstream_find(&arena, none[i], &upstream), "%s", none[i]);
    }
}

#define STATEMENT "{'Effect':'Allow','Principal':'*','Action':'ecr:*'}"

static struct slice quoted(const char *text)
{
    char *copy = arena_strdup(&arena, text);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return slice_of(copy);
}

static void test_policies(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{'Statement':[" STATEMENT "]}", NULL}, {"{'Version':'2012-10-17','Statement':" STATEMENT "}", NULL},
        {"{'Statement':[{'Effect':'Deny','NotPrincipal':{'AWS':'x'},'NotAction':['a']}," STATEMENT "]}", NULL},
        {"", "it is not JSON"}, {"{", "it is not JSON"}, {"{'Statement':[" STATEMENT "]} x", "it is not JSON"},
        {"[]", "no JSON object"}, {"null", "no JSON object"}, {"'x'", "no JSON object"}, {"[" STATEMENT "]", "no JSON object"},
        {"{}", "Statement is missing"}, {"{'statement':[" STATEMENT "]}", "Statement is missing"},
        {"{'Statement':[]}", "Statement is missing"},
        {"{'Statement':null}", "Statement is missing"}, {"{'Statement':'x'}", "Statement is missing"},
        {"{'Statement':{'Principal':'*','Action':'x'}}", "Statement.Effect is neither \"Allow\" nor \"Deny\""},
        {"{'Statement':{'Effect':'Allow','Action':'x'}}", "Statement.Principal is missing"},
        {"{'Statement':[7]}", "Statement[0] is no object"}, {"{'Statement':[" STATEMENT ",[]]}", "Statement[1] is no object"},
        {"{'Statement':[{}]}", "Statement[0].Effect is"},
        {"{'Statement':[" STATEMENT ",{'Effect':'allow'}]}", "Statement[1].Effect is"},
        {"{'Statement':[{'Effect':true,'Principal':'*','Action':'x'}]}", "Statement[0].Effect is"},
        {"{'Statement':[{'Effect':'Deny','Principal':null,'Action':'x'}]}", "Statement[0].Principal is missing"},
        {"{'Statement':[" STATEMENT "," STATEMENT ",{'Effect':'Deny','Principal':'*','Resource':'x'}]}",
         "Statement[2].Action is missing"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check_row(&rows[i], ecr_policy_fault(&arena, quoted(rows[i].text)));
    const char *text = "{'Statement':[" STATEMENT "]}";
    text = arena_printf(&arena, "%s%s", text, repeat(" ", 10240 - strlen(text)));
    assert_null(ecr_policy_fault(&arena, quoted(text)));
    const char *fault = ecr_policy_fault(&arena, quoted(arena_printf(&arena, "%s ", text)));
    assert_non_null(strstr(fault, "at most 10240"));
    text = arena_printf(&arena, "{'Statement':[" STATEMENT "],'Id':'%s'}", repeat("\xc3\xa9", 10000));
    const struct row row = {"10000 two-byte characters: these are counted, not bytes", NULL};
    check_row(&row, ecr_policy_fault(&arena, quoted(text)));
}

RUN(TEST(test_repositories), TEST(test_accounts_and_regions), TEST(test_keys), TEST(test_filters_and_tags),
    TEST(test_prefixes), TEST(test_secrets_and_roles), TEST(test_arns), TEST(test_targets),
    TEST(test_targets_that_are_none), TEST(test_lengths_of_targets), TEST(test_upstreams), TEST(test_policies))
