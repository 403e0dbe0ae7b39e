#include "check/surroundings.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

static const struct {
    const char *variable;
    const char *name;
} ci_systems[] = {
    {"GITHUB_ACTIONS", "GitHub Actions"},
    {"GITLAB_CI", "GitLab CI"},
    {"JENKINS_URL", "Jenkins"},
    {"CIRCLECI", "CircleCI"},
    {"BUILDKITE", "Buildkite"},
    {"CODEBUILD_BUILD_ID", "CodeBuild"},
    {"TF_BUILD", "Azure Pipelines"},
    {"BITBUCKET_BUILD_NUMBER", "Bitbucket Pipelines"},
    {"DRONE", "Drone"},
    {"TEKTON_PIPELINE_RUN", "Tekton"},
    {"CI", "a CI system"},
};

static const char *find_ci(void)
{
    for (size_t i = 0; i < sizeof ci_systems / sizeof *ci_systems; i++)
        if (env_get(ci_systems[i].variable))
            return ci_systems[i].name;
    return NULL;
}

static bool is_container(void)
{
    return access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0 || env_get("container");
}

void surroundings_find(struct surroundings *surroundings, struct arena *arena)
{
    struct buf text = BUF_INIT;
    *surroundings = (struct surroundings){
        .pod = env_get("KUBERNETES_SERVICE_HOST") != NULL,
        .task = env_get("ECS_CONTAINER_METADATA_URI_V4") || env_get("ECS_CONTAINER_METADATA_URI"),
        .ci = find_ci(),
    };
    surroundings->container = surroundings->pod || surroundings->task || is_container();
    buf_str(&text, surroundings->pod         ? "a pod of Kubernetes"
                   : surroundings->task      ? "a task of ECS"
                   : surroundings->container ? "a container"
                                             : "no container");
    if (surroundings->ci)
        buf_printf(&text, ", a job of %s", surroundings->ci);
    if (getpid() == 1)
        buf_str(&text, ", as PID 1");
    if (!env_get("HOME"))
        buf_str(&text, ", without HOME");
    surroundings->summary = buf_detach(&text, arena);
}

const char *surroundings_whose(const struct surroundings *surroundings, const char *kind)
{
    bool instance = strcmp(kind, "imds") == 0;
    if (surroundings->pod)
        return instance ? "the node's, which the kubelet pulls images with as well: this pod has no identity of its own"
                        : "this pod's own; the kubelet pulls images with the node's, or with that of its credential "
                          "provider";
    if (surroundings->task)
        return instance ? "the instance's; ECS pulls images with the task execution role"
                        : "this task's own; ECS pulls images with the task execution role";
    if (instance)
        return "this instance's, shared by all that runs on it";
    if (surroundings->container)
        return "this container's own; the daemon that started it pulls images with other credentials";
    return surroundings->ci ? "this job's" : "this process'";
}
