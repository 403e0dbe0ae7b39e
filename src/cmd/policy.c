/* policy: who may use a repository, or the registry. */
#include "cmd/work.h"
#include "ecr/policy.h"

/* Which of the two it is, and the operations on it. */
struct place {
    const char *get, *set, *remove;
    const char *name; /* for messages */
};

static struct place find_place(const struct work *work, bool registry)
{
    return registry ? (struct place){"GetRegistryPolicy", "PutRegistryPolicy", "DeleteRegistryPolicy", "the registry"}
                    : (struct place){"GetRepositoryPolicy", "SetRepositoryPolicy", "DeleteRepositoryPolicy",
                                     work->target.text};
}

/* A registry's policy is always the caller's own: these operations take no account. */
static void open_body(const struct work *work, bool registry, struct buf *body)
{
    *body = BUF_INIT;
    if (registry)
        json_open(body, '{');
    else
        ecr_manage_open(&work->api, work->target.repository, body);
}

/* The operand is a repository, or with --registry none; `more` operands follow. */
static int parse(struct work *work, const struct option *own, size_t own_count, const bool *registry, size_t more,
                 const char *usage)
{
    struct invocation *in = work->in;
    if (work_parse(work, own, own_count, more, more + 1, usage) < 0)
        return -1;
    size_t wanted = *registry ? more : more + 1;
    if (*registry && work->public_option)
        return error_set(&in->error, REASON_USAGE, "--public", "a registry of ECR Public has no policy");
    if (in->operand_count == wanted)
        return *registry ? 0 : work_target(work, 0, TARGET_REPOSITORY);
    error_set(&in->error, REASON_USAGE, in->name,
              *registry ? "--registry leaves no room for a repository" : "which repository, or --registry?");
    error_hint(&in->error, "usage: ecr %s", usage);
    return -1;
}

static int policy_show(struct work *work)
{
    bool registry = false;
    struct buf body;
    struct json_node reply;
    struct invocation *in = work->in;
    const struct option own[] = {{"registry", 0, OPTION_FLAG, &registry, NULL}, WORK_PUBLIC(work)};
    if (parse(work, own, COUNT_OF(own), &registry, 0, "policy show [--public] REPO | --registry") < 0 ||
        work_open(work) < 0)
        return -1;
    struct place place = find_place(work, registry);
    open_body(work, registry, &body);
    if (ecr_manage(&work->api, place.get, place.name, &body, &in->arena, &reply, &in->error) < 0)
        return -1;
    if (in->json)
        return work_print(work, "", reply);
    return work_print_document(work, place.get, json_string(&in->arena, json_get(reply, "policyText")));
}

/* The file's text, which must be a policy. */
static int read_policy(struct work *work, const char *path, struct slice *text)
{
    struct invocation *in = work->in;
    if (work_read(work, path, 4 * ECR_POLICY_MAX, text) < 0)
        return -1;
    const char *fault = ecr_policy_fault(&in->arena, *text);
    return fault ? error_set(&in->error, REASON_USAGE, work_input_name(path), "%s", fault) : 0;
}

static int policy_set(struct work *work)
{
    bool registry = false, force = false;
    struct buf body;
    struct slice text;
    struct json_node reply;
    struct invocation *in = work->in;
    const struct option own[] = {
        {"registry", 0, OPTION_FLAG, &registry, NULL}, {"force", 0, OPTION_FLAG, &force, NULL}, WORK_PUBLIC(work)};
    if (parse(work, own, COUNT_OF(own), &registry, 1, "policy set [--force] [--public] REPO FILE | --registry FILE") <
        0)
        return -1;
    if (registry && force)
        return error_set(&in->error, REASON_USAGE, "--force", "a registry's policy knows no such thing");
    if (read_policy(work, in->operands[in->operand_count - 1], &text) < 0 || work_open(work) < 0)
        return -1;
    struct place place = find_place(work, registry);
    open_body(work, registry, &body);
    json_member(&body, "policyText");
    json_write_slice(&body, text);
    if (force) {
        json_member(&body, "force");
        json_write_raw(&body, SLICE("true"));
    }
    if (ecr_manage(&work->api, place.set, place.name, &body, &in->arena, &reply, &in->error) < 0)
        return -1;
    work_note(work, TERM_PLAIN, "Policy set: %s", place.name);
    return work_done(work, reply);
}

static int policy_rm(struct work *work)
{
    bool registry = false;
    struct buf body;
    struct json_node reply;
    struct invocation *in = work->in;
    const struct option own[] = {{"registry", 0, OPTION_FLAG, &registry, NULL}, WORK_PUBLIC(work), WORK_YES(work)};
    if (parse(work, own, COUNT_OF(own), &registry, 0, "policy rm [--yes] [--public] REPO | --registry") < 0)
        return -1;
    struct place place = find_place(work, registry);
    if (work_confirm(work, "remove the policy of %s", place.name) < 0 || work_open(work) < 0)
        return -1;
    open_body(work, registry, &body);
    if (ecr_manage(&work->api, place.remove, place.name, &body, &in->arena, &reply, &in->error) == 0) {
        work_note(work, TERM_PLAIN, "Policy removed: %s", place.name);
        return work_done(work, reply);
    }
    if (in->error.reason != REASON_NOT_SET)
        return -1;
    work_note(work, TERM_PLAIN, "There was no policy: %s", place.name);
    return EXIT_OK;
}

int cmd_policy(struct invocation *in)
{
    static const struct verb verbs[] = {{"show", policy_show}, {"set", policy_set}, {"rm", policy_rm}, {NULL, NULL}};
    return work_run(in, verbs);
}
