/* Which hosts are Amazon ECR's: they get AWS credentials, so a look-alike must never pass. */
#include "unit.h"

#include "ecr/host.h"

#define A "123456789012."

static void test_registries(void **state)
{
    (void)state;
    static const struct {
        const char *host, *region, *partition;
        bool fips, dual_stack;
    } rows[] = {
        {A "dkr.ecr.us-east-1.amazonaws.com", "us-east-1", "aws", false, false},
        {A "dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1", "aws", true, false},
        {A "dkr-ecr.us-east-1.on.aws", "us-east-1", "aws", false, true},
        {A "dkr-ecr-fips.us-east-1.on.aws", "us-east-1", "aws", true, true},
        {A "dkr.ecr.ap-southeast-7.amazonaws.com", "ap-southeast-7", "aws", false, false},
        {A "dkr.ecr.mx-central-1.amazonaws.com", "mx-central-1", "aws", false, false},
        {A "dkr.ecr.il-central-1.amazonaws.com", "il-central-1", "aws", false, false},
        {A "dkr-ecr.eu-central-2.on.aws", "eu-central-2", "aws", false, true},
        {A "dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1", "aws-us-gov", false, false},
        {A "dkr.ecr-fips.us-gov-east-1.amazonaws.com", "us-gov-east-1", "aws-us-gov", true, false},
        {A "dkr-ecr.us-gov-west-1.on.aws", "us-gov-west-1", "aws-us-gov", false, true},
        {A "dkr-ecr-fips.us-gov-west-1.on.aws", "us-gov-west-1", "aws-us-gov", true, true},
        {A "dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "aws-cn", false, false},
        {A "dkr.ecr.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1", "aws-cn", false, false},
        {A "dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1", "aws-cn", false, true},
        {A "dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1", "aws-eusc", false, false},
        {A "dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", "aws-iso", false, false},
        {A "dkr.ecr.us-isob-west-1.sc2s.sgov.gov", "us-isob-west-1", "aws-iso-b", false, false},
        {A "dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1", "aws-iso-e", false, false},
        {A "dkr.ecr.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1", "aws-iso-f", false, false},
        {A "dkr.ecr-fips.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", "aws-iso", true, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ecr_host host;
        CHECK(ecr_host_parse(&arena, rows[i].host, &host), "%s", rows[i].host);
        CHECK(!host.is_public && host.fips == rows[i].fips && host.dual_stack == rows[i].dual_stack, "%s",
            rows[i].host);
        CHECK_TEXT(host.account, "123456789012", "%s", rows[i].host);
        CHECK_TEXT(host.region, rows[i].region, "%s", rows[i].host);
        CHECK_TEXT(host.partition, rows[i].partition, "%s", rows[i].host);
    }
}

static void test_public(void **state)
{
    (void)state;
    struct ecr_host host;
    assert_true(ecr_host_parse(&arena, "public.ecr.aws", &host));
    assert_true(host.is_public && !host.dual_stack && !host.fips);
    assert_null(host.account);
    assert_string_equal(host.region, "us-east-1");
    assert_string_equal(host.partition, "aws");
    assert_true(ecr_host_parse(&arena, "ecr-public.aws.com", &host));
    assert_true(host.is_public && host.dual_stack);
}

static void test_look_alikes(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "", ".", "docker.io", "localhost", "amazonaws.com", "ecr.aws", "123456789012", A, A "dkr", A "dkr.ecr",
        /* something behind the suffix */
        A "dkr.ecr.us-east-1.amazonaws.com.evil.test", A "dkr.ecr.us-east-1.amazonaws.com.cn.evil.test",
        A "dkr.ecr.us-east-1.amazonaws.comevil.test", A "dkr.ecr.us-east-1.amazonaws.com.",
        A "dkr.ecr.us-east-1.amazonaws.com..", A "dkr.ecr.us-east-1.amazonaws.com:443",
        A "dkr.ecr.us-east-1.amazonaws.com/", A "dkr.ecr.us-east-1.amazonaws.com@evil.test",
        A "dkr.ecr.us-east-1.amazonaws.com#evil.test", A "dkr.ecr.us-east-1.amazonaws.com?x",
        A "dkr-ecr.us-east-1.on.aws.test",
        A "dkr.ecr.us-east-1.amazonaws.com ", A "dkr.ecr.us-east-1.amazonaws.com\n",
        A "dkr.ecr.us-east-1.amazonaws.com\\",
        "public.ecr.aws.evil.test", "public.ecr.aws.", "ecr-public.aws.com.", "public.ecr.aws:443",
        /* something before the account, or none */
        "dkr.ecr.us-east-1.amazonaws.com", ".dkr.ecr.us-east-1.amazonaws.com",
        "evil." A "dkr.ecr.us-east-1.amazonaws.com",
        "x" A "dkr.ecr.us-east-1.amazonaws.com", " " A "dkr.ecr.us-east-1.amazonaws.com", "public.public.ecr.aws",
        "evil-public.ecr.aws", "x.public.ecr.aws", "user@" A "dkr.ecr.us-east-1.amazonaws.com",
        "https://" A "dkr.ecr.us-east-1.amazonaws.com",
        /* no account */
        "12345678901.dkr.ecr.us-east-1.amazonaws.com", "1234567890123.dkr.ecr.us-east-1.amazonaws.com",
        "12345678901a.dkr.ecr.us-east-1.amazonaws.com", "-12345678901.dkr.ecr.us-east-1.amazonaws.com",
        "+12345678901.dkr.ecr.us-east-1.amazonaws.com", "0x3456789012.dkr.ecr.us-east-1.amazonaws.com",
        "1234-5678-9012.dkr.ecr.us-east-1.amazonaws.com", "\xd9\xa1" "23456789012.dkr.ecr.us-east-1.amazonaws.com",
        "123456789012dkr.ecr.us-east-1.amazonaws.com", "123456789012..dkr.ecr.us-east-1.amazonaws.com",
        /* labels that are not ECR's */
        A "dkr.ecs.us-east-1.amazonaws.com", A "dkr-ecr.us-east-1.amazonaws.com",
        A "dkr-ecr-fips.us-east-1.amazonaws.com",
        A "dkr.ecr.us-east-1.on.aws", A "dkr.ecr-fips.us-east-1.on.aws", A "api.ecr.us-east-1.amazonaws.com",
        A "dkr.ecrus-east-1.amazonaws.com", A "dkr.ecr-fip.us-east-1.amazonaws.com",
        A "dkr.ecr.fips.us-east-1.amazonaws.com",
        A "dkr_ecr.us-east-1.on.aws", A "dkr.ecr-.us-east-1.amazonaws.com", A "dkrxecr.us-east-1.amazonaws.com",
        A "dkr.ecr.x.us-east-1.amazonaws.com", A "dkr.ecr.us-east-1.x.amazonaws.com", "api.ecr.us-east-1.amazonaws.com",
        /* regions that are none */
        A "dkr.ecr.amazonaws.com", A "dkr.ecr..amazonaws.com", A "dkr.ecr.evil.amazonaws.com",
        A "dkr.ecr.us-east.amazonaws.com",
        A "dkr.ecr.us-east-.amazonaws.com", A "dkr.ecr.-us-east-1.amazonaws.com", A "dkr.ecr.us-east-1-.amazonaws.com",
        A "dkr.ecr.us_east-1.amazonaws.com", A "dkr.ecr.us-east-x.amazonaws.com", A "dkr.ecr.s3-1.amazonaws.com",
        A "dkr.ecr.us-east-1000.amazonaws.com", A "dkr.ecr.us east-1.amazonaws.com",
        A "dkr.ecr.us-\xc3\xa9st-1.amazonaws.com",
        A "dkr.ecr.us%2deast-1.amazonaws.com",
        /* a suffix of another partition */
        A "dkr.ecr.us-east-1.amazonaws.com.cn", A "dkr.ecr.cn-north-1.amazonaws.com", A "dkr.ecr.us-east-1.c2s.ic.gov",
        A "dkr.ecr.us-iso-east-1.amazonaws.com", A "dkr.ecr.us-iso-east-1.sc2s.sgov.gov",
        A "dkr.ecr.us-isob-east-1.c2s.ic.gov",
        A "dkr.ecr.eusc-de-east-1.amazonaws.com", A "dkr.ecr.eu-west-1.amazonaws.eu",
        A "dkr.ecr.us-gov-west-1.amazonaws.com.cn",
        A "dkr-ecr.cn-north-1.on.aws", A "dkr-ecr.us-east-1.on.amazonwebservices.com.cn",
        A "dkr.ecr.eu-isoe-west-1.amazonaws.com",
        A "dkr.ecr.us-isof-south-1.c2s.ic.gov", A "dkr.ecr.us-east-1.cloud.adc-e.uk",
        /* suffixes that look like Amazon's */
        A "dkr.ecr.us-east-1.amazonaws.co", A "dkr.ecr.us-east-1.amazonaws.net", A "dkr.ecr.us-east-1.arnazonaws.com",
        A "dkr.ecr.us-east-1.amazonaws-com.test", A "dkr.ecr.us-east-1.evilamazonaws.com", A "dkr.ecr.us-east-1.com",
        A "dkr.ecr.us-east-1.evil.test", A "dkr-ecr.us-east-1.xon.aws", A "dkr-ecr.us-east-1.aws",
        A "dkr.ecr.us-east-1.",
        A "dkr.ecr.us-east-1", A "dkr.ecr.us-east-1.ic.gov", A "dkr.ecr.us-east-1.am\xd0\xb0zonaws.com",
        /* capitals: the caller hands in lower case */
        A "DKR.ECR.us-east-1.amazonaws.com", A "dkr.ecr.US-EAST-1.amazonaws.com", A "dkr.ecr.us-east-1.AMAZONAWS.COM",
        "PUBLIC.ECR.AWS", "Public.ecr.aws",
    };
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct ecr_host host;
        CHECK(!ecr_host_parse(&arena, hosts[i], &host), "'%s'", hosts[i]);
        CHECK(!host.is_public, "'%s'", hosts[i]);
    }
    struct ecr_host host;
    char *long_name = arena_printf(&arena, A "dkr.ecr.us-%s-1.amazonaws.com", repeat("e", 500));
    assert_false(ecr_host_parse(&arena, long_name, &host));
}

RUN(TEST(test_registries), TEST(test_public), TEST(test_look_alikes))
