/* cache add: a new pull-through cache rule, and what it needs elsewhere. */
#include <string.h>

#include "cmd/cache.h"
#include "ecr/name.h"
#include "ecr/upstream.h"

/* What the command line asks for. */
struct addition {
    struct work *work;
    struct ecr_upstream upstream;
    const char *secret, *role, *upstream_prefix; /* NULL: not given */
    bool print_role;
};

static int refuse(struct work *work, const char *thing, const char *rule, const char *hint)
{
    error_set(&work->in->error, REASON_USAGE, thing, "%s", rule);
    if (hint)
        error_hint(&work->in->error, "%s", hint);
    return -1;
}

static int check_upstream(struct addition *addition, const char *text)
{
    struct work *work = addition->work;
    if (!ecr_upstream_find(&work->in->arena, text, &addition->upstream))
        return refuse(work, *text ? text : "''", "ECR caches no such registry",
                      "docker-hub, ghcr, quay, k8s, gitlab, chainguard, ecr-public, NAME.azurecr.io, or "
                      "ACCOUNT.dkr.ecr.REGION.amazonaws.com");
    if (addition->upstream.needs_secret && !addition->secret)
        return refuse(work, addition->upstream.url, "this upstream is asked with a login of yours",
                      "--credential-arn names a secret of Secrets Manager with username and accessToken, whose name "
                      "begins with ecr-pullthroughcache/");
    if (!addition->upstream.needs_secret && addition->secret)
        return refuse(work, "--credential-arn", "this upstream takes no login", NULL);
    if (!addition->upstream.takes_role && (addition->role || addition->print_role))
        return refuse(work, addition->role ? "--role-arn" : "--print-role", "it goes with a registry of ECR alone",
                      NULL);
    return 0;
}

static int check_upstream_prefix(struct addition *addition)
{
    struct work *work = addition->work;
    const char *prefix = addition->upstream_prefix;
    const char *fault = prefix ? ecr_cache_prefix_fault(slice_of(prefix)) : NULL;
    if (fault)
        return refuse(work, prefix, fault, NULL);
    if (prefix && strcmp(prefix, "ROOT") != 0 && strcmp(work->target.repository, "ROOT") == 0)
        return refuse(work, "--upstream-prefix", "the rule ROOT takes the whole upstream", NULL);
    return 0;
}

static int parse(struct addition *addition)
{
    struct work *work = addition->work;
    struct invocation *in = work->in;
    const struct option own[] = {{"credential-arn", 0, OPTION_TEXT, &addition->secret, NULL},
                                 {"role-arn", 0, OPTION_TEXT, &addition->role, NULL},
                                 {"upstream-prefix", 0, OPTION_TEXT, &addition->upstream_prefix, NULL},
                                 {"print-role", 0, OPTION_FLAG, &addition->print_role, NULL}};
    if (work_parse(work, own, COUNT_OF(own), 2, 2, "cache add [OPTION...] PREFIX UPSTREAM") < 0 ||
        cache_prefix(work, 0) < 0 || cache_check_arns(work, addition->secret, addition->role) < 0 ||
        check_upstream(addition, in->operands[1]) < 0)
        return -1;
    return check_upstream_prefix(addition);
}

static void write_list(struct buf *out, const char *name, const char *const *texts)
{
    json_member(out, name);
    json_open(out, '[');
    for (; *texts; texts++)
        json_write_str(out, *texts);
    json_close(out, ']');
}

/* One statement that allows actions, on a resource or to a principal. */
static void write_statement(struct buf *out, const char *const *actions, const char *resource, const char *principal,
                            const char *kind)
{
    json_member_str(out, "Version", "2012-10-17");
    json_member(out, "Statement");
    json_open(out, '[');
    json_open(out, '{');
    json_member_str(out, "Effect", "Allow");
    if (principal) {
        json_member(out, "Principal");
        json_open(out, '{');
        json_member_str(out, kind, principal);
        json_close(out, '}');
    }
    write_list(out, "Action", actions);
    json_member_str(out, "Resource", resource);
    json_close(out, '}');
    json_close(out, ']');
}

static const char *role_of(const struct addition *addition)
{
    struct ecr_host host = {.partition = "aws"};
    struct arena *arena = &addition->work->in->arena;
    ecr_host_parse(arena, addition->upstream.url, &host);
    return arena_printf(arena, "arn:%s:iam::ACCOUNT:role/NAME-OF-THIS-ROLE", host.partition);
}

/* The role that ECR takes to read another account's registry: what to create, where. Nothing is asked for it. */
static int print_role(const struct addition *addition)
{
    static const char *const assume[] = {"sts:AssumeRole", NULL};
    static const char *const role_actions[] = {"ecr:GetDownloadUrlForLayer",
                                               "ecr:GetAuthorizationToken",
                                               "ecr:BatchImportUpstreamImage",
                                               "ecr:BatchGetImage",
                                               "ecr:GetImageCopyStatus",
                                               "ecr:InitiateLayerUpload",
                                               "ecr:UploadLayerPart",
                                               "ecr:CompleteLayerUpload",
                                               "ecr:PutImage",
                                               NULL};
    static const char *const upstream_actions[] = {"ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage",
                                                   "ecr:BatchImportUpstreamImage", "ecr:GetImageCopyStatus", NULL};
    struct buf line = BUF_INIT;
    json_open(&line, '{');
    json_member(&line, "trustPolicy");
    json_open(&line, '{');
    write_statement(&line, assume, NULL, "pullthroughcache.ecr.amazonaws.com", "Service");
    json_close(&line, '}');
    json_member(&line, "permissionsPolicy");
    json_open(&line, '{');
    write_statement(&line, role_actions, "*", NULL, NULL);
    json_close(&line, '}');
    json_member(&line, "upstreamRepositoryPolicy");
    json_open(&line, '{');
    write_statement(&line, upstream_actions, NULL, addition->role ? addition->role : role_of(addition), "AWS");
    json_close(&line, '}');
    json_close(&line, '}');
    work_note(addition->work, TERM_PLAIN,
              "Create a role with trustPolicy and permissionsPolicy, give upstreamRepositoryPolicy to the repositories "
              "of %s, and add the rule with --role-arn",
              addition->upstream.url);
    struct slice text = arena_slice(&addition->work->in->arena, buf_view(&line));
    buf_free(&line);
    return work_print_document(addition->work, "cache add", text);
}

static int create(struct addition *addition, struct json_node *rule)
{
    struct buf body;
    struct work *work = addition->work;
    struct invocation *in = work->in;
    ecr_manage_open(&work->api, "", &body);
    json_member_str(&body, "ecrRepositoryPrefix", work->target.repository);
    json_member_str(&body, "upstreamRegistryUrl", addition->upstream.url);
    json_member_str(&body, "upstreamRegistry", addition->upstream.name);
    json_member_str(&body, "credentialArn", addition->secret);
    json_member_str(&body, "customRoleArn", addition->role);
    json_member_str(&body, "upstreamRepositoryPrefix", addition->upstream_prefix);
    return ecr_manage(&work->api, "CreatePullThroughCacheRule", work->target.text, &body, &in->arena, rule, &in->error);
}

/* What is not said, here or there, is `usual`. */
static void compare(struct addition *addition, struct json_node rule, const char *member, const char *asked,
                    const char *usual, struct buf *differences)
{
    const char *is = json_cstr(&addition->work->in->arena, json_get(rule, member));
    is = is ? is : usual;
    asked = asked ? asked : usual;
    if (asked ? is && strcmp(is, asked) == 0 : !is)
        return;
    buf_printf(differences, "%s%s is %s, not %s", differences->len ? "; " : "", member, is ? is : "not set",
               asked ? asked : "left out");
}

/* There is a rule for the prefix: that is as good as made, if it is the one that was asked for. */
static int agree(struct addition *addition, struct json_node *rule)
{
    struct work *work = addition->work;
    struct buf differences = BUF_INIT;
    if (cache_describe(work, rule) < 0)
        return -1;
    compare(addition, *rule, "upstreamRegistryUrl", addition->upstream.url, NULL, &differences);
    compare(addition, *rule, "upstreamRepositoryPrefix", addition->upstream_prefix, "ROOT", &differences);
    compare(addition, *rule, "credentialArn", addition->secret, NULL, &differences);
    compare(addition, *rule, "customRoleArn", addition->role, NULL, &differences);
    if (!differences.len) {
        work_note(work, TERM_PLAIN, "Cache rule exists already: %s", work->target.text);
        return 0;
    }
    error_set(&work->in->error, REASON_REFUSED, work->target.text, "there is a rule already, but %s", differences.data);
    error_hint(&work->in->error, "'ecr cache set' changes secret and role; for the rest 'ecr cache rm' first");
    buf_free(&differences);
    return -1;
}

int cache_add(struct work *work)
{
    struct json_node rule;
    struct addition addition = {.work = work};
    if (parse(&addition) < 0)
        return -1;
    if (addition.print_role)
        return print_role(&addition);
    if (work_open(work) < 0 || cache_check_place(work, addition.secret) < 0)
        return -1;
    if (create(&addition, &rule) < 0) {
        if (!ecr_error_is(&work->in->error, "PullThroughCacheRuleAlreadyExistsException") ||
            agree(&addition, &rule) < 0)
            return -1;
    } else {
        work_note(work, TERM_PLAIN, "Cache rule added: %s", work->target.text);
    }
    if (cache_try(work) < 0)
        return -1;
    return work_done(work, rule);
}
