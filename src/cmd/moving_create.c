/* --create-repo: the target's repository in ECR, made before an image goes there. */
#include <string.h>

#include "cmd/moving.h"
#include "ecr/manage.h"
#include "ecr/repository.h"

/* In ECR Public an alias of the registry stands before the name. */
static const char *name_in_api(const struct reference *reference, bool is_public)
{
    const char *slash = is_public ? strchr(reference->repository, '/') : NULL;
    return slash ? slash + 1 : reference->repository;
}

int moving_create_repository(struct moving *moving)
{
    struct ecr_api api;
    struct ecr_host host;
    struct buf body;
    struct json_node reply;
    struct ecr_repository there;
    struct invocation *in = moving->in;
    struct session *session = &moving->session;
    if (!moving->create_repository)
        return 0;
    if (!moving_is_ecr(moving, &moving->to, &host))
        return error_set(&in->error, REASON_USAGE, "--create-repo", "%s is in no registry of ECR", moving->to.text);
    if (ecr_caller_api(&session->ecr, &host, session->deadline, &api, &in->error) < 0)
        return -1;
    const char *name = name_in_api(&moving->to.reference, host.is_public);
    if (ecr_repository_describe(&api, name, &in->arena, &there, &in->error) == 0)
        return 0;
    bool may_create = in->error.reason == REASON_NO_REPOSITORY || in->error.reason == REASON_DENIED;
    if (!may_create)
        return -1;
    error_clear(&in->error);
    ecr_manage_open(&api, "", &body);
    json_member_str(&body, "repositoryName", name);
    if (ecr_manage(&api, "CreateRepository", moving->to.text, &body, &in->arena, &reply, &in->error) < 0)
        return ecr_error_is(&in->error, "RepositoryAlreadyExistsException") ? 0 : -1;
    term_note(&in->term, TERM_GREEN, arena_printf(&in->arena, "created the repository %s", name));
    return 0;
}
