#include "ecr/name.h"

#include <string.h>

#include "aws/endpoint.h"
#include "base/utf8.h"
#include "image/reference.h"

#define NAME_MIN           2
#define NAME_MAX_PRIVATE   256
#define NAME_MAX_PUBLIC    205
#define ALIAS_MAX          50
#define ACCOUNT_DIGITS     12
#define REGION_MAX         25
#define KEY_MAX            2048
#define FILTER_MAX         128
#define FILTER_STARS       2
#define TAG_KEY_MAX        128
#define TAG_VALUE_MAX      256
#define CACHE_PREFIX_MAX   30
#define SECRET_MIN         50
#define SECRET_MAX         612
#define ROLE_MAX           2048
#define REPLICATION_MAX    256
#define SCAN_FILTER_MAX    255
#define SECRET_NAME_PREFIX "secret:ecr-pullthroughcache/"

/* Whether a text is made of ASCII letters and digits, lower case alone unless `upper`, and of `others`. */
static bool is_made_of(struct slice text, bool upper, const char *others)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool good = upper ? ascii_is_alnum(c) : ascii_is_lower(c) || ascii_is_digit(c);
        if (!good && !(c && strchr(others, c)))
            return false;
    }
    return true;
}

static bool is_edge(char c)
{
    return ascii_is_lower(c) || ascii_is_digit(c);
}

/* Each part between slashes begins and ends with a letter or a digit. */
static bool has_good_edges(struct slice name)
{
    while (name.data) {
        struct slice part = slice_cut(&name, '/');
        if (!part.len || !is_edge(part.data[0]) || !is_edge(part.data[part.len - 1]))
            return false;
    }
    return true;
}

/* ECR Public takes one separator between letters and digits, whatever it is. */
static bool has_two_separators(struct slice name)
{
    for (size_t i = 1; i < name.len; i++)
        if (!is_edge(name.data[i]) && !is_edge(name.data[i - 1]))
            return true;
    return false;
}

static const char *path_fault(struct slice name, bool is_public)
{
    if (!is_made_of(name, true, "._-/"))
        return "a repository's name has letters, digits, '.', '_', '-' and '/' alone";
    if (!is_made_of(name, false, "._-/"))
        return "a repository's name has no capital letters";
    if (!has_good_edges(name))
        return "each part of a repository's name, between '/', begins and ends with a letter or a digit";
    if (is_public && has_two_separators(name))
        return "in ECR Public one '.', '_' or '-' stands between letters and digits";
    return reference_repository_fault(name)
               ? "between the letters and digits of a repository's name stands one '.', one or two '_', or '-'"
               : NULL;
}

const char *ecr_repository_fault(struct slice name, bool is_public)
{
    if (name.len < NAME_MIN)
        return "a repository's name has at least 2 characters";
    if (name.len > (is_public ? NAME_MAX_PUBLIC : NAME_MAX_PRIVATE))
        return is_public ? "a repository's name has at most 205 characters in ECR Public"
                         : "a repository's name has at most 256 characters";
    return path_fault(name, is_public);
}

const char *ecr_alias_fault(struct slice alias)
{
    bool good = alias.len >= NAME_MIN && alias.len <= ALIAS_MAX && ascii_is_lower(alias.data[0]) &&
                is_made_of(alias, false, "._-");
    bool is_default = alias.len >= NAME_MIN && alias.len <= ALIAS_MAX && is_made_of(alias, false, "");
    return good || is_default ? NULL
                              : "the alias of a public registry has 2 to 50 lower-case letters and digits, and '.', "
                                "'_', '-' behind the first";
}

const char *ecr_account_fault(struct slice account)
{
    uint64_t ignored;
    bool good = account.len == ACCOUNT_DIGITS && slice_number(account, UINT64_MAX, &ignored);
    return good ? NULL : "an account has 12 digits";
}

const char *ecr_region_fault(struct slice region)
{
    return region_is_valid(region) && region.len <= REGION_MAX && slice_find(region, '-') > 0
               ? NULL
               : "a region looks like us-east-1 or eu-central-1";
}

bool arn_parse(struct slice text, struct arn *arn)
{
    if (!slice_is(slice_cut(&text, ':'), "arn") || !text.data)
        return false;
    arn->partition = slice_cut(&text, ':');
    arn->service = slice_cut(&text, ':');
    arn->region = slice_cut(&text, ':');
    arn->account = slice_cut(&text, ':');
    arn->resource = text;
    bool is_partition = slice_is(arn->partition, "aws") ||
                        (slice_starts(arn->partition, "aws-") && is_made_of(arn->partition, true, "_-"));
    return is_partition && arn->service.len && arn->resource.len;
}

/* An ARN of a service in a region, or in none where the service has none. */
static bool is_arn(struct slice text, const char *service, bool with_region, struct arn *arn)
{
    return arn_parse(text, arn) && slice_is(arn->service, service) && !ecr_account_fault(arn->account) &&
           (with_region ? !ecr_region_fault(arn->region) : !arn->region.len);
}

static bool is_hex(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_digit(text.data[i]) && !(text.data[i] >= 'a' && text.data[i] <= 'f'))
            return false;
    return true;
}

/* A UUID or, of a key in several regions, "mrk-" and 32 digits. */
static bool is_key_id(struct slice id)
{
    static const size_t groups[] = {8, 4, 4, 4, 12};
    if (slice_starts(id, "mrk-"))
        return id.len == strlen("mrk-") + 32 && is_hex(slice_from(id, strlen("mrk-")));
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        struct slice group = slice_cut(&id, '-');
        if (group.len != groups[i] || !is_hex(group))
            return false;
    }
    return !id.data;
}

static bool is_alias(struct slice name)
{
    return slice_starts(name, "alias/") && name.len > strlen("alias/") && is_made_of(name, true, "/_-");
}

const char *ecr_kms_key_fault(struct slice key)
{
    struct arn arn;
    static const char rule[] = "a KMS key is an ARN (arn:aws:kms:REGION:ACCOUNT:key/ID), a key's id, or alias/NAME";
    if (key.len > KEY_MAX)
        return "the name of a KMS key has at most 2048 characters";
    if (slice_starts(key, "alias/"))
        return is_alias(key) ? NULL : rule;
    if (!slice_starts(key, "arn:"))
        return is_key_id(key) ? NULL : rule;
    if (!is_arn(key, "kms", true, &arn))
        return rule;
    return is_alias(arn.resource) ||
                   (slice_starts(arn.resource, "key/") && is_key_id(slice_from(arn.resource, strlen("key/"))))
               ? NULL
               : rule;
}

const char *ecr_mutability_filter_fault(struct slice filter)
{
    size_t stars = 0;
    for (size_t i = 0; i < filter.len; i++)
        stars += filter.data[i] == '*';
    if (!filter.len || filter.len > FILTER_MAX || !is_made_of(filter, true, "._*-"))
        return "a filter of tags has 1 to 128 letters, digits, '.', '_', '-' and '*'";
    return stars > FILTER_STARS ? "a filter of tags has at most two '*'" : NULL;
}

const char *ecr_resource_tag_fault(struct slice tag)
{
    struct slice value = tag;
    struct slice key = slice_cut(&value, '=');
    if (!value.data || !key.len)
        return "a tag of a resource is KEY=VALUE";
    size_t key_count, value_count;
    if (!utf8_count(key, &key_count) || !utf8_count(value, &value_count))
        return "a tag of a resource is UTF-8";
    if (key_count > TAG_KEY_MAX || value_count > TAG_VALUE_MAX)
        return "a resource tag's key has at most 128 characters, its value 256";
    return slice_starts_nocase(key, "aws:") ? "the keys of resource tags that begin with aws: are the service's own"
                                            : NULL;
}

const char *ecr_cache_prefix_fault(struct slice prefix)
{
    if (slice_is(prefix, "ROOT"))
        return NULL;
    struct slice name = slice_ends(prefix, "/") ? slice_head(prefix, prefix.len - 1) : prefix;
    if (name.len < NAME_MIN || prefix.len > CACHE_PREFIX_MAX)
        return "a cache rule's prefix has 2 to 30 characters, or is ROOT";
    return path_fault(name, false);
}

const char *ecr_secret_arn_fault(struct slice text)
{
    struct arn arn;
    if (!is_arn(text, "secretsmanager", true, &arn) || !slice_starts(arn.resource, "secret:"))
        return "that is no ARN of a secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME)";
    if (!slice_starts(arn.resource, SECRET_NAME_PREFIX))
        return "the name of a cache rule's secret begins with ecr-pullthroughcache/";
    if (!is_made_of(slice_from(arn.resource, strlen(SECRET_NAME_PREFIX)), true, "/_+=.@-") ||
        arn.resource.len == strlen(SECRET_NAME_PREFIX))
        return "the name of a secret has letters, digits and /_+=.@- alone";
    return text.len < SECRET_MIN || text.len > SECRET_MAX ? "the ARN of a secret has 50 to 612 characters" : NULL;
}

const char *ecr_role_arn_fault(struct slice text)
{
    struct arn arn;
    bool good = text.len <= ROLE_MAX && is_arn(text, "iam", false, &arn) && slice_starts(arn.resource, "role/") &&
                arn.resource.len > strlen("role/");
    return good ? NULL : "that is no ARN of a role (arn:aws:iam::ACCOUNT:role/NAME)";
}

/* Every part that a '/' follows begins with a letter or a digit. */
static bool has_good_starts(struct slice prefix)
{
    while (slice_find(prefix, '/') >= 0) {
        struct slice part = slice_cut(&prefix, '/');
        if (!part.len || !is_edge(part.data[0]))
            return false;
    }
    return true;
}

const char *ecr_replication_prefix_fault(struct slice prefix)
{
    if (prefix.len < NAME_MIN || prefix.len > REPLICATION_MAX)
        return "a prefix of repositories has 2 to 256 characters";
    return is_made_of(prefix, false, "._-/") && has_good_starts(prefix)
               ? NULL
               : "a prefix of repositories has lower-case letters, digits, '.', '_', '-' and '/', and each part before "
                 "a '/' begins with one of the first two";
}

/* Letters, digits and '*', with single separators between them. */
static bool is_filter(struct slice filter)
{
    bool after = false; /* a letter, a digit or '*' */
    for (size_t i = 0; i < filter.len; i++) {
        bool counts = is_edge(filter.data[i]) || filter.data[i] == '*';
        if (!counts && !after)
            return false;
        after = counts;
    }
    return after;
}

const char *ecr_scan_filter_fault(struct slice filter)
{
    bool good = filter.len <= SCAN_FILTER_MAX && is_made_of(filter, false, "._-/*") && is_filter(filter);
    return good ? NULL
                : "a filter of repositories has 1 to 255 lower-case letters, digits and '*', with single '.', '_', '-' "
                  "or '/' between them";
}
