/* API endpoints: the hosts of every region, and what overrides them. */
#include "unit.h"

#include "aws/endpoint.h"
#include "ecr/api.h"

struct row {
    const struct endpoint_rule *rule;
    const char *partition, *region;
    bool fips, dual_stack;
    const char *url;
};

#include "endpoints.h"

static void test_rules(void **state)
{
    (void)state;
    struct aws_config config = {.profile = "default"};
    env_clean();
    assert_true(COUNT(rows) > 100);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *r = &rows[i];
        struct endpoint_wish wish = {r->region, NULL, r->fips, r->dual_stack};
        struct url url;
        CHECK(endpoint_url(r->rule, wish, &config, &arena, &url, &error) == 0, "%s", r->url);
        CHECK_TEXT(arena_printf(&arena, "%s/", r->url), url_public(&arena, &url), "%s", r->url);
        CHECK_TEXT(partition_of_region(r->region)->id, r->partition, "%s", r->region);
        setenv("AWS_USE_FIPS_ENDPOINT", r->fips ? "true" : "false", 1);
        setenv("AWS_USE_DUALSTACK_ENDPOINT", r->dual_stack ? "TRUE" : "no", 1);
        wish.fips = wish.dual_stack = false;
        CHECK(endpoint_url(r->rule, wish, &config, &arena, &url, &error) == 0, "%s", r->url);
        CHECK_TEXT(arena_printf(&arena, "%s/", r->url), url_public(&arena, &url), "%s by variables", r->url);
        env_clean();
    }
}

static void test_regions(void **state)
{
    (void)state;
    static const struct {
        const char *region, *partition;
    } rows_[] = {{"us-east-1", "aws"}, {"xx-new-9", "aws"}, {"", "aws"}, {"cn-north-1", "aws-cn"},
        {"cnx-north-1", "aws"},
                 {"us-gov-west-1", "aws-us-gov"}, {"us-iso-east-1", "aws-iso"}, {"us-isob-east-1", "aws-iso-b"},
                 {"us-isof-south-1", "aws-iso-f"}, {"eu-isoe-west-1", "aws-iso-e"}, {"eusc-de-east-1", "aws-eusc"}};
    for (size_t i = 0; i < COUNT(rows_); i++)
        CHECK_TEXT(partition_of_region(rows_[i].region)->id, rows_[i].partition, "%s", rows_[i].region);
    static const char *const valid[] = {"us-east-1", "a", "1", "eusc-de-east-1"};
    static const char *const invalid[] = {"", "-", "-us", "us-", "US-EAST-1", "us_east_1", "us.east", "us east",
        "us/east", "us@x", "us#",
                                          "\xc3\xa9", "us-east-1\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < COUNT(valid); i++)
        CHECK(region_is_valid(slice_of(valid[i])), "%s", valid[i]);
    for (size_t i = 0; i < COUNT(invalid); i++)
        CHECK(!region_is_valid(slice_of(invalid[i])), "'%s'", invalid[i]);
}

/* What configures a URL, the strongest last: each beats all before it. */
static void test_overrides(void **state)
{
    (void)state;
    char *folder = new_folder();
    env_clean();
    setenv("AWS_CONFIG_FILE",
        write_file(folder, "config", "[default]\nendpoint_url = http://profile.test\nservices = own\n"
                                         "[services own]\nsts =\n  endpoint_url = http://sts.test\necr =\n  endpoint_url = http://block.test:5000/base\n"
                                         "[profile plain]\nendpoint_url = http://plain.test\n[profile ignores]\nendpoint_url = http://x.test\n"
                                         "ignore_configured_endpoint_urls = true\n[profile fips]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = True\n"
                                         "[profile credentials]\n"), 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", write_file(folder, "credentials", ""), 1);
    static const struct {
        const char *profile, *variable, *value, *flag, *url;
    } rows_[] = {
        {"credentials", NULL, NULL, NULL, "https://api.ecr.eu-west-1.amazonaws.com/"},
        {"plain", NULL, NULL, NULL, "http://plain.test/"},
        {"default", NULL, NULL, NULL, "http://block.test:5000/base"},
        {"ignores", NULL, NULL, NULL, "https://api.ecr.eu-west-1.amazonaws.com/"},
        {"fips", NULL, NULL, NULL, "https://ecr-fips.eu-west-1.api.aws/"},
        {"default", "AWS_ENDPOINT_URL", "http://env.test", NULL, "http://env.test/"},
        {"default", "AWS_ENDPOINT_URL_STS", "http://sts.test", NULL, "http://block.test:5000/base"},
        {"default", "AWS_ENDPOINT_URL_ECR", "http://ecr.test/", NULL, "http://ecr.test/"},
        {"ignores", "AWS_ENDPOINT_URL_ECR", "http://ecr.test/", NULL, "https://api.ecr.eu-west-1.amazonaws.com/"},
        {"default", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", NULL, "https://api.ecr.eu-west-1.amazonaws.com/"},
        {"ignores", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false", NULL, "http://x.test/"},
        {"default", "AWS_ENDPOINT_URL_ECR", "http://ecr.test/", "https://flag.test", "https://flag.test/"},
        {"default", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", "https://flag.test", "https://flag.test/"},
        {"default", "AWS_ENDPOINT_URL", "not a url", NULL, NULL},
        {"default", "AWS_USE_FIPS_ENDPOINT", "true", NULL, NULL},
        {"fips", NULL, NULL, "http://flag.test", NULL}, {"plain", NULL, NULL, "ftp://flag.test", NULL},
    };
    for (size_t i = 0; i < COUNT(rows_); i++) {
        struct aws_config config;
        struct url url;
        if (rows_[i].variable)
            setenv(rows_[i].variable, rows_[i].value, 1);
        assert_int_equal(aws_config_load(&config, &arena, rows_[i].profile, &error), 0);
        int status = endpoint_url(&ecr_endpoint_rule, (struct endpoint_wish){"eu-west-1", rows_[i].flag, false, false},
            &config, &arena, &url, &error);
        CHECK(status == (rows_[i].url ? 0 : -1), "row %zu", i);
        if (status == 0)
            CHECK_TEXT(url_public(&arena, &url), rows_[i].url, "row %zu", i);
        if (rows_[i].variable)
            unsetenv(rows_[i].variable);
        aws_config_free(&config);
    }
    struct aws_config config; /* both variables: the service's own one counts */
    struct url url;
    setenv("AWS_ENDPOINT_URL", "http://all.test", 1);
    setenv("AWS_ENDPOINT_URL_ECR_PUBLIC", "http://public.test", 1);
    assert_int_equal(aws_config_load(&config, &arena, NULL, &error), 0);
    assert_int_equal(endpoint_url(&ecr_public_endpoint_rule, (struct endpoint_wish){"us-east-1", NULL, false, false},
        &config, &arena, &url, &error),
        0);
    assert_string_equal(url.host, "public.test");
    assert_int_equal(endpoint_url(&ecr_endpoint_rule, (struct endpoint_wish){"us-east-1", NULL, false, false}, &config,
        &arena, &url, &error),
        0);
    assert_string_equal(url.host, "all.test");
    /* A registry's FIPS name is a wish that a URL of one's own may override; a demand is not. */
    assert_int_equal(endpoint_url(&ecr_endpoint_rule, (struct endpoint_wish){"us-east-1", NULL, true, false}, &config,
        &arena, &url, &error),
        0);
    assert_string_equal(url.host, "all.test");
    aws_config_free(&config);
    env_clean();
    remove_folder(folder);
}

/* What is no region must not become part of a host that gets a signature. */
static void test_region_that_is_none(void **state)
{
    (void)state;
    static const char *const regions[] = {"evil.test/", "x@evil.test", "evil.test#", "evil.test?", "evil.test:443/",
        "x y", "us-east-1\\", "US-EAST-1"};
    struct aws_config config = {.profile = "default"};
    env_clean();
    for (size_t i = 0; i < COUNT(regions); i++) {
        struct url url;
        struct endpoint_wish wish = {regions[i], NULL, false, false};
        CHECK(endpoint_url(&ecr_endpoint_rule, wish, &config, &arena, &url, &error) < 0, "'%s'", regions[i]);
    }
}

RUN(TEST(test_rules), TEST(test_regions), TEST(test_overrides), TEST(test_region_that_is_none))
