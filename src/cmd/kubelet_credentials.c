#include "auth/kubelet.h"
#include "base/clock.h"
#include "base/file.h"
#include "cmd/cmd.h"
#include "ecr/login.h"
#include "ecr/pod_role.h"

#define KUBELET_WAIT_MS 30000 /* the kubelet itself gives up after a minute */

/*
 * The login for the pod's own role where the kubelet sends its token, else for the usual caller: a role that somebody
 * forgot to name must not widen a pod's rights to those of its node.
 */
static int fetch(struct session *session, const struct kubelet_request *request, const struct ecr_host *host,
                 int64_t deadline, struct ecr_login *login, struct error *error)
{
    struct aws_provider pod;
    const char *role = request->role ? request->role : env_get("AWS_ECR_ROLE_ARN");
    if (!request->token)
        return ecr_login(&session->ecr, host, deadline, &session->shared->tokens, &session->arena, login, error);
    if (!role || !*role) {
        error_set(error, REASON_NO_CREDENTIALS, "the kubelet's request",
                  "it has a service account's token, but nothing names the role to take with it");
        error_hint(error, "annotate the service account with " KUBELET_ROLE_ANNOTATION ", or set AWS_ECR_ROLE_ARN");
        return -1;
    }
    if (ecr_pod_role(&session->ecr, host, role, request->token, deadline, &session->arena, &pod, error) < 0)
        return -1;
    return ecr_login_as(&session->ecr, host, &pod, deadline, &session->shared->tokens, &session->arena, login, error);
}

/* Half of what is left, as the cloud provider's own plugin has it. */
static int64_t cache_seconds(const struct ecr_login *login)
{
    int64_t left = login->expires_at ? login->expires_at - clock_unix() : 0;
    return left > 0 ? left / 2 : 0;
}

static int answer(struct invocation *in, struct session *session)
{
    struct slice input;
    struct kubelet_request request;
    struct ecr_host host;
    struct ecr_login login;
    struct buf out = BUF_INIT;
    int64_t deadline = deadline_earlier(session->deadline, deadline_in(KUBELET_WAIT_MS));
    if (invocation_read(in, KUBELET_REQUEST_MAX, &input) < 0 ||
        kubelet_request_parse(&in->arena, input, &request, &in->error) < 0)
        return -1;
    struct kubelet_credentials credentials = {.registry = kubelet_registry(&in->arena, request.image)};
    if (ecr_host_parse(&in->arena, credentials.registry, &host)) {
        if (fetch(session, &request, &host, deadline, &login, &in->error) < 0)
            return -1;
        credentials.user = login.user;
        credentials.password = login.password;
        credentials.cache_seconds = cache_seconds(&login);
    }
    kubelet_response_write(&out, &request, &credentials);
    return invocation_finish(in, &out);
}

int cmd_kubelet_credentials(struct invocation *in)
{
    struct session session;
    if (invocation_parse(in, NULL, 0) < 0)
        return invocation_fail(in);
    in->json = false; /* the response is what the kubelet reads; an error must not stand in its place */
    int status = invocation_open(in, &session);
    if (status == 0)
        status = answer(in, &session);
    if (status < 0)
        status = invocation_fail(in);
    session_close(&session);
    return status;
}
