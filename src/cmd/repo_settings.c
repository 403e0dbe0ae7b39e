/* repo create, repo set: the settings of a repository. */
#include <string.h>

#include "cmd/repo.h"
#include "ecr/name.h"

#define EXCEPTIONS_MAX 5
#define TAGS_MAX       50

/* What the command line asks for. */
struct settings {
    bool immutable, is_mutable;
    struct text_list except; /* filters of tags for which the opposite holds */
    bool scan, no_scan;
    const char *kms; /* NULL: not asked for; "": the service's own key */
    int encryption;  /* index of encryption_types; -1: not asked for */
    struct text_list tags;
    bool must_not_exist;
};

/* The settings that can be changed later, too. */
#define CHANGEABLE(settings)                                                                                           \
    {"immutable", 0, OPTION_FLAG, &(settings)->immutable, NULL},                                                       \
        {"mutable", 0, OPTION_FLAG, &(settings)->is_mutable, NULL},                                                    \
        {"except", 0, OPTION_LIST, &(settings)->except, NULL},                                                         \
        {"scan-on-push", 0, OPTION_FLAG, &(settings)->scan, NULL},                                                     \
    {                                                                                                                  \
        "no-scan-on-push", 0, OPTION_FLAG, &(settings)->no_scan, NULL                                                  \
    }

static const char *const encryption_types[] = {"AES256", "KMS", "KMS_DSSE", NULL};

/* The mode that is asked for; NULL: none. */
static const char *mutability(const struct settings *settings)
{
    if (settings->immutable)
        return settings->except.count ? "IMMUTABLE_WITH_EXCLUSION" : "IMMUTABLE";
    if (settings->is_mutable)
        return settings->except.count ? "MUTABLE_WITH_EXCLUSION" : "MUTABLE";
    return NULL;
}

/* The type that is asked for; NULL: none. */
static const char *encryption(const struct settings *settings)
{
    if (settings->encryption >= 0)
        return encryption_types[settings->encryption];
    return settings->kms ? "KMS" : NULL;
}

static int check_settings(struct work *work, const struct settings *settings)
{
    const char *fault = settings->kms && *settings->kms ? ecr_kms_key_fault(slice_of(settings->kms)) : NULL;
    if (settings->immutable && settings->is_mutable)
        return work_refuse(work, "--mutable", "--immutable says the opposite");
    if (settings->except.count && !mutability(settings))
        return work_refuse(work, "--except", "it goes with --immutable or --mutable");
    if (settings->scan && settings->no_scan)
        return work_refuse(work, "--no-scan-on-push", "--scan-on-push says the opposite");
    if (settings->kms && strcmp(encryption(settings), "AES256") == 0)
        return work_refuse(work, "--kms", "AES256 has no KMS key");
    if (fault)
        return work_refuse(work, settings->kms, fault);
    if (work_check_list(work, &settings->except, "--except", EXCEPTIONS_MAX, "at most 5 can be given",
                        ecr_mutability_filter_fault) < 0)
        return -1;
    return work_check_list(work, &settings->tags, "--tag", TAGS_MAX, "at most 50 can be given", ecr_resource_tag_fault);
}

static void write_mutability(struct buf *body, const struct settings *settings)
{
    json_member_str(body, "imageTagMutability", mutability(settings));
    work_write_filters(body, "imageTagMutabilityExclusionFilters", "WILDCARD", &settings->except);
}

static void write_scanning(struct buf *body, const struct settings *settings)
{
    json_member(body, "imageScanningConfiguration");
    json_open(body, '{');
    json_member(body, "scanOnPush");
    json_write_raw(body, settings->scan ? SLICE("true") : SLICE("false"));
    json_close(body, '}');
}

static void write_encryption(struct buf *body, const struct settings *settings)
{
    json_member(body, "encryptionConfiguration");
    json_open(body, '{');
    json_member_str(body, "encryptionType", encryption(settings));
    json_member_str(body, "kmsKey", settings->kms && *settings->kms ? settings->kms : NULL);
    json_close(body, '}');
}

static void write_tags(struct buf *body, const struct settings *settings, struct arena *arena)
{
    json_member(body, "tags");
    json_open(body, '[');
    for (size_t i = 0; i < settings->tags.count; i++) {
        struct slice value = slice_of(settings->tags.values[i]);
        struct slice key = slice_cut(&value, '=');
        json_open(body, '{');
        json_member_str(body, "Key", arena_copy(arena, key));
        json_member_str(body, "Value", arena_copy(arena, value));
        json_close(body, '}');
    }
    json_close(body, ']');
}

static int create(struct work *work, const struct settings *settings, struct json_node *repository)
{
    struct buf body;
    struct json_node reply;
    struct invocation *in = work->in;
    ecr_manage_open(&work->api, work->target.repository, &body);
    if (mutability(settings))
        write_mutability(&body, settings);
    if (settings->scan || settings->no_scan)
        write_scanning(&body, settings);
    if (encryption(settings))
        write_encryption(&body, settings);
    if (settings->tags.count)
        write_tags(&body, settings, &in->arena);
    if (ecr_manage(&work->api, "CreateRepository", work->target.text, &body, &in->arena, &reply, &in->error) < 0)
        return -1;
    *repository = json_get(reply, "repository");
    return repo_is_target(work, *repository) ? 0 : ecr_not_what_was_asked(&work->api, "CreateRepository", &in->error);
}

/* Appends what a setting is, and what was asked for, if these are not the same. */
static void compare(struct buf *differences, const char *name, const char *is, const char *asked)
{
    is = is ? is : "not set";
    if (asked && strcmp(is, asked) != 0)
        buf_printf(differences, "%s%s is %s, not %s", differences->len ? "; " : "", name, is, asked);
}

static bool is_filter_of(struct json_node list, const char *filter)
{
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node))
        if (json_equals(json_get(node, "filter"), filter))
            return true;
    return false;
}

static bool is_asked_for(const struct text_list *asked, struct json_node filter)
{
    for (size_t i = 0; i < asked->count; i++)
        if (json_equals(filter, asked->values[i]))
            return true;
    return false;
}

/* The filters are a set: their order does not count. */
static void compare_filters(struct buf *differences, struct json_node repository, const struct settings *settings,
                            struct arena *arena)
{
    bool same = true;
    struct buf is = BUF_INIT, asked = BUF_INIT;
    struct json_node list = json_get(repository, "imageTagMutabilityExclusionFilters");
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node)) {
        same = same && is_asked_for(&settings->except, json_get(node, "filter"));
        buf_printf(&is, "%s%s", is.len ? "," : "", node_text(json_get(node, "filter"), arena));
    }
    for (size_t i = 0; i < settings->except.count; i++) {
        same = same && is_filter_of(list, settings->except.values[i]);
        buf_printf(&asked, "%s%s", i ? "," : "", settings->except.values[i]);
    }
    if (settings->except.count && !same)
        compare(differences, "what it excepts", is.len ? is.data : NULL, asked.data);
    buf_free(&is);
    buf_free(&asked);
}

/* Whether the key that is asked for cannot be compared: the service tells an ARN, whatever it was given. */
static bool is_key_hidden(const char *asked)
{
    return asked && (!*asked || slice_has(slice_of(asked), "alias/"));
}

static void compare_key(struct buf *differences, const char *is, const char *asked)
{
    if (asked && !is_key_hidden(asked) && is && strcmp(is, asked) != 0 && !slice_ends(slice_of(is), asked))
        compare(differences, "its KMS key", is, asked);
}

static void compare_tags(struct buf *differences, const struct ecr_rows *tags, const struct settings *settings,
                         struct arena *arena)
{
    for (size_t i = 0; i < settings->tags.count; i++) {
        struct slice value = slice_of(settings->tags.values[i]);
        const char *key = arena_copy(arena, slice_cut(&value, '='));
        const char *is = NULL;
        for (size_t k = 0; k < tags->count; k++)
            if (json_equals(json_get(tags->list[k], "Key"), key))
                is = json_cstr(arena, json_get(tags->list[k], "Value"));
        compare(differences, arena_printf(arena, "the tag %s", key), is, value.data);
    }
}

/* It is there: that is as good as made, if what was asked for is so. What was not asked for may be anything. */
static int agree(struct work *work, const struct settings *settings, struct json_node *repository)
{
    struct invocation *in = work->in;
    struct arena *arena = &in->arena;
    struct buf differences = BUF_INIT;
    struct ecr_rows tags = {NULL, 0};
    if (repo_describe(work, repository) < 0 || (settings->tags.count && repo_tags(work, *repository, &tags) < 0))
        return -1;
    bool scans = json_is(field_node("imageScanningConfiguration.scanOnPush", *repository), JSON_TRUE);
    const char *key = json_cstr(arena, field_node("encryptionConfiguration.kmsKey", *repository));
    const char *type = json_cstr(arena, field_node("encryptionConfiguration.encryptionType", *repository));
    compare(&differences, "mutability", json_cstr(arena, json_get(*repository, "imageTagMutability")),
            mutability(settings));
    compare_filters(&differences, *repository, settings, arena);
    compare(&differences, "scan-on-push", scans ? "on" : "off",
            settings->scan      ? "on"
            : settings->no_scan ? "off"
                                : NULL);
    compare(&differences, "encryption", type, encryption(settings));
    compare_key(&differences, key, settings->kms);
    compare_tags(&differences, &tags, settings, arena);
    if (!differences.len) {
        if (is_key_hidden(settings->kms) && key)
            work_note(work, TERM_YELLOW, "Its KMS key is %s: whether that is %s cannot be seen here", key,
                      *settings->kms ? settings->kms : "the service's own");
        work_note(work, TERM_PLAIN, "Repository exists already: %s", work->target.text);
        return 0;
    }
    error_set(&in->error, REASON_REFUSED, work->target.text, "it is there already, but %s", differences.data);
    if (work->target.is_public)
        error_hint(&in->error, "'ecr api --public tag-resource' changes tags");
    else
        error_hint(&in->error,
                   "'ecr repo set' changes mutability and scanning, 'ecr api tag-resource' tags; encryption "
                   "is for ever");
    buf_free(&differences);
    return -1;
}

/* "--kms KEY" as "--kms=KEY", where what follows is a key. */
static void join_kms_key(struct invocation *in)
{
    for (int i = 0; i + 1 < in->argc && strcmp(in->argv[i], "--") != 0; i++) {
        struct slice next = slice_of(in->argv[i + 1]);
        bool is_key = slice_starts(next, "arn:") || !ecr_kms_key_fault(next);
        if (strcmp(in->argv[i], "--kms") != 0 || !is_key)
            continue;
        in->argv[i] = arena_printf(&in->arena, "--kms=%s", in->argv[i + 1]);
        for (int k = i + 1; k + 1 < in->argc; k++)
            in->argv[k] = in->argv[k + 1];
        in->argc--;
    }
}

int repo_create(struct work *work)
{
    struct json_node repository;
    struct settings settings = {.encryption = -1};
    struct invocation *in = work->in;
    const struct option own[] = {CHANGEABLE(&settings),
                                 {"kms", 0, OPTION_MAYBE, &settings.kms, NULL},
                                 {"encryption", 0, OPTION_CHOICE, &settings.encryption, encryption_types},
                                 {"tag", 0, OPTION_LIST, &settings.tags, NULL},
                                 {"must-not-exist", 0, OPTION_FLAG, &settings.must_not_exist, NULL},
                                 WORK_PUBLIC(work)};
    join_kms_key(in);
    if (work_parse(work, own, COUNT_OF(own), 1, 1, "repo create [OPTION...] REPO") < 0 ||
        work_target(work, 0, TARGET_REPOSITORY) < 0 || check_settings(work, &settings) < 0)
        return -1;
    if (work->target.is_public && (mutability(&settings) || settings.scan || settings.no_scan || encryption(&settings)))
        return work_refuse(work, "--public",
                           "repositories of ECR Public have no mutability, scanning and encryption to set");
    if (work_open(work) < 0)
        return -1;
    if (create(work, &settings, &repository) < 0) {
        bool exists = ecr_error_is(&in->error, "RepositoryAlreadyExistsException");
        if (!exists || settings.must_not_exist || agree(work, &settings, &repository) < 0)
            return -1;
    }
    return work_print(work, json_cstr(&in->arena, json_get(repository, "repositoryUri")), repository);
}

static int put_mutability(struct work *work, const struct settings *settings, struct json_node *reply)
{
    struct buf body;
    ecr_manage_open(&work->api, work->target.repository, &body);
    write_mutability(&body, settings);
    if (ecr_manage(&work->api, "PutImageTagMutability", work->target.text, &body, &work->in->arena, reply,
                   &work->in->error) < 0)
        return -1;
    if (!json_equals(json_get(*reply, "imageTagMutability"), mutability(settings)))
        return ecr_not_what_was_asked(&work->api, "PutImageTagMutability", &work->in->error);
    work_note(work, TERM_PLAIN, "Tags of %s: %s", work->target.text, mutability(settings));
    return 0;
}

static int put_scanning(struct work *work, const struct settings *settings, struct json_node *reply)
{
    struct buf body;
    ecr_manage_open(&work->api, work->target.repository, &body);
    write_scanning(&body, settings);
    if (ecr_manage(&work->api, "PutImageScanningConfiguration", work->target.text, &body, &work->in->arena, reply,
                   &work->in->error) < 0)
        return -1;
    if (!json_is(field_node("imageScanningConfiguration.scanOnPush", *reply), settings->scan ? JSON_TRUE : JSON_FALSE))
        return ecr_not_what_was_asked(&work->api, "PutImageScanningConfiguration", &work->in->error);
    work_note(work, TERM_PLAIN, "Scan on push of %s: %s", work->target.text, settings->scan ? "on" : "off");
    return 0;
}

int repo_set(struct work *work)
{
    struct json_node reply;
    struct settings settings = {.encryption = -1};
    struct invocation *in = work->in;
    const struct option own[] = {CHANGEABLE(&settings)};
    static const char usage[] = "repo set [--immutable|--mutable] [--except FILTER]... [--[no-]scan-on-push] REPO";
    if (work_parse(work, own, COUNT_OF(own), 1, 1, usage) < 0 || work_target(work, 0, TARGET_REPOSITORY) < 0 ||
        check_settings(work, &settings) < 0)
        return -1;
    bool scanning = settings.scan || settings.no_scan;
    if (!mutability(&settings) && !scanning)
        return work_refuse(work, work->target.text, "nothing is to be set: --immutable, --mutable, --scan-on-push");
    if (work_open(work) < 0 || (mutability(&settings) && put_mutability(work, &settings, &reply) < 0) ||
        (scanning && put_scanning(work, &settings, &reply) < 0))
        return -1;
    struct json_node repository;
    if (!in->json)
        return EXIT_OK;
    return repo_describe(work, &repository) < 0 ? -1 : work_print(work, "", repository);
}
