/* repo: the repositories of a registry. */
#include <string.h>

#include "cmd/repo.h"

#define PAGE_ROWS 1000

static const struct field private_fields[] = {
    {{"NAME", false, true, 0}, "repositoryName", FIELD_TEXT},
    {{"URI", false, false, 5}, "repositoryUri", FIELD_TEXT},
    {{"MUTABILITY", false, false, 2}, "imageTagMutability", FIELD_TEXT},
    {{"SCAN", false, false, 3}, "imageScanningConfiguration.scanOnPush", FIELD_SWITCH},
    {{"ENCRYPTION", false, false, 4}, "encryptionConfiguration.encryptionType", FIELD_TEXT},
    {{"CREATED", false, false, 1}, "createdAt", FIELD_TIME},
};

static const struct field public_fields[] = {
    {{"NAME", false, true, 0}, "repositoryName", FIELD_TEXT},
    {{"URI", false, true, 2}, "repositoryUri", FIELD_TEXT},
    {{"CREATED", false, false, 1}, "createdAt", FIELD_TIME},
};

/* Takes the rows that begin with a prefix, in place. */
static void filter_rows(struct ecr_rows *rows, const char *prefix, struct arena *arena)
{
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++)
        if (slice_starts(json_string(arena, json_get(rows->list[i], "repositoryName")), prefix))
            rows->list[kept++] = rows->list[i];
    rows->count = kept;
}

static int repo_ls(struct work *work)
{
    struct buf body;
    struct ecr_rows rows;
    struct invocation *in = work->in;
    const struct option own[] = {WORK_PUBLIC(work)};
    if (work_parse(work, own, COUNT_OF(own), 0, 1, "repo ls [--public] [[HOST/]PREFIX]") < 0 ||
        work_target(work, 0, TARGET_PREFIX) < 0 || work_open(work) < 0)
        return -1;
    ecr_manage_open(&work->api, "", &body);
    if (ecr_manage_list(&work->api, "DescribeRepositories", "the registry", &body, PAGE_ROWS, &in->arena, &rows,
                        &in->error) < 0)
        return -1;
    filter_rows(&rows, work->target.repository, &in->arena);
    if (!rows.count)
        work_note(work, TERM_PLAIN, "No repositories%s%s", *work->target.repository ? " that begin with " : "",
                  work->target.repository);
    return work->target.is_public
               ? rows_print(in, public_fields, COUNT_OF(public_fields), rows.list, rows.count, NULL, NULL)
               : rows_print(in, private_fields, COUNT_OF(private_fields), rows.list, rows.count, NULL, NULL);
}

bool repo_is_target(const struct work *work, struct json_node repository)
{
    return json_equals(json_get(repository, "repositoryName"), work->target.repository) &&
           json_cstr(&work->in->arena, json_get(repository, "repositoryUri"));
}

int repo_describe(struct work *work, struct json_node *repository)
{
    struct buf body;
    struct json_node reply;
    struct invocation *in = work->in;
    const char *name = work->target.repository;
    ecr_manage_open(&work->api, "", &body);
    json_member(&body, "repositoryNames");
    json_open(&body, '[');
    json_write_str(&body, name);
    json_close(&body, ']');
    if (ecr_manage(&work->api, "DescribeRepositories", work->target.text, &body, &in->arena, &reply, &in->error) < 0)
        return -1;
    *repository = json_first(json_get(reply, "repositories"));
    return repo_is_target(work, *repository) ? 0
                                             : ecr_not_what_was_asked(&work->api, "DescribeRepositories", &in->error);
}

int repo_tags(struct work *work, struct json_node repository, struct ecr_rows *tags)
{
    struct buf body = BUF_INIT;
    struct invocation *in = work->in;
    json_open(&body, '{');
    json_member_str(&body, "resourceArn", json_cstr(&in->arena, json_get(repository, "repositoryArn")));
    return ecr_manage_list(&work->api, "ListTagsForResource", work->target.text, &body, 0, &in->arena, tags,
                           &in->error);
}

/* A repository whose tags are shown. */
struct shown {
    struct work *work;
    struct json_node repository;
};

/* "K=V, K=V". */
static const char *tags_text(void *context, size_t row, size_t column)
{
    const struct shown *shown = context;
    struct work *work = shown->work;
    struct buf text = BUF_INIT;
    struct ecr_rows tags;
    (void)row;
    (void)column;
    struct arena *arena = &work->in->arena;
    if (repo_tags(work, shown->repository, &tags) < 0) {
        work_note(work, TERM_YELLOW, "The tags are not known: %s", error_text(&work->in->error, arena));
        return "?";
    }
    for (size_t i = 0; i < tags.count; i++)
        buf_printf(&text, "%s%s=%s", i ? ", " : "", node_text(json_get(tags.list[i], "Key"), arena),
                   node_text(json_get(tags.list[i], "Value"), arena));
    return buf_detach(&text, arena);
}

static int repo_show(struct work *work)
{
    static const struct field fields[] = {
        {{"name", false, false, 0}, "repositoryName", FIELD_TEXT},
        {{"uri", false, false, 0}, "repositoryUri", FIELD_TEXT},
        {{"arn", false, false, 0}, "repositoryArn", FIELD_TEXT},
        {{"account", false, false, 0}, "registryId", FIELD_TEXT},
        {{"created", false, false, 0}, "createdAt", FIELD_TIME},
        {{"tags", false, false, 0}, NULL, FIELD_TEXT},
        {{"mutability", false, false, 0}, "imageTagMutability", FIELD_TEXT},
        {{"except", false, false, 0}, "imageTagMutabilityExclusionFilters", FIELD_TEXT},
        {{"scan-on-push", false, false, 0}, "imageScanningConfiguration.scanOnPush", FIELD_SWITCH},
        {{"encryption", false, false, 0}, "encryptionConfiguration.encryptionType", FIELD_TEXT},
        {{"kms-key", false, false, 0}, "encryptionConfiguration.kmsKey", FIELD_TEXT},
    };
    struct shown shown = {.work = work};
    const struct option own[] = {WORK_PUBLIC(work)};
    if (work_parse(work, own, COUNT_OF(own), 1, 1, "repo show [--public] REPO") < 0 ||
        work_target(work, 0, TARGET_REPOSITORY) < 0 || work_open(work) < 0 ||
        repo_describe(work, &shown.repository) < 0)
        return -1;
    size_t count = work->target.is_public ? 6 : COUNT_OF(fields); /* a public one has no more */
    return rows_print_one(work->in, fields, count, shown.repository, tags_text, &shown);
}

static int remove_one(struct work *work, bool force)
{
    struct buf body;
    struct json_node reply;
    struct invocation *in = work->in;
    ecr_manage_open(&work->api, work->target.repository, &body);
    if (force) {
        json_member(&body, "force");
        json_write_raw(&body, SLICE("true"));
    }
    if (ecr_manage(&work->api, "DeleteRepository", work->target.text, &body, &in->arena, &reply, &in->error) < 0) {
        if (in->error.reason != REASON_NO_REPOSITORY)
            return -1;
        work_note(work, TERM_PLAIN, "There was no such repository: %s", work->target.text);
        return EXIT_OK;
    }
    work_note(work, TERM_PLAIN, "Repository deleted: %s", work->target.text);
    return work_done(work, json_get(reply, "repository"));
}

static int repo_rm(struct work *work)
{
    bool force = false;
    const struct option own[] = {{"force", 0, OPTION_FLAG, &force, NULL}, WORK_PUBLIC(work), WORK_YES(work)};
    if (work_parse(work, own, COUNT_OF(own), 1, 1, "repo rm [--force] [--yes] [--public] REPO") < 0 ||
        work_target(work, 0, TARGET_REPOSITORY) < 0 ||
        work_confirm(work, "delete the repository %s%s", work->target.text, force ? " with all its images" : "") < 0 ||
        work_open(work) < 0)
        return -1;
    return remove_one(work, force);
}

int cmd_repo(struct invocation *in)
{
    static const struct verb verbs[] = {{"ls", repo_ls},   {"create", repo_create}, {"show", repo_show},
                                        {"set", repo_set}, {"rm", repo_rm},         {NULL, NULL}};
    return work_run(in, verbs);
}
