#include <signal.h>
#include <unistd.h>

#include "base/guard.h"
#include "cmd/images.h"

static const struct command commands[] = {
    {"check", cmd_check, "is the image there, and would a pull get it?",
     "usage: ecr check [OPTION...] [-f FILE]... IMAGE...\n\n"
     "One line an image: present, absent, unfit or unknown, then the digest or the reason. What is in Amazon ECR is\n"
     "asked of ECR's API, which does not count as a pull; then the registry is asked, then the Docker "
     "daemon.\n" IMAGE_HELP},
    {"wait", cmd_wait, "the same again until all images are present",
     "usage: ecr wait [--interval D] [OPTION...] IMAGE...\n\n"
     "Looks every 5 seconds at first, every minute at last. When --timeout is over the last verdict decides; it is "
     "left "
     "in\n/dev/termination-log, too, where that is there. Options as of 'ecr check'.\n"},
    {"ensure", cmd_ensure, "run a command only if an image is absent, then check again",
     "usage: ecr ensure [--run-on unfit,unknown] [OPTION...] IMAGE... -- COMMAND [ARG...]\n\n"
     "Ends as the command ended if it failed, else as the second check. Options as of 'ecr check'.\n"},
    {"digest", cmd_digest, "the digest that a tag points to",
     "usage: ecr digest [--platform OS/ARCH] IMAGE...\n\nOne line an image; '-' for one that is not there.\n"},
    {"manifest", cmd_manifest, "the manifest, byte for byte; in ECR that counts as a pull",
     "usage: ecr manifest [--platform OS/ARCH] IMAGE\n"},
    {"config", cmd_config, "the image's configuration; in ECR that counts as a pull",
     "usage: ecr config [--platform OS/ARCH] IMAGE\n"},
    {"parse", cmd_parse, "the parts of an image reference; exit status 1 if it is not ECR's",
     "usage: ecr parse IMAGE...\n\nPrints registry, repository, tag, digest, and for ECR's images account, region,\n"
     "partition and API endpoint. Asks nothing of the network.\n"},
    {"login", cmd_login, "log in to ECR registries: writes Docker's config.json, or gives it to its store",
     "usage: ecr login [REGISTRY...]\n\n"
     "REGISTRY is a host, an account or 'public'; without one the caller's own in its region. Prints each host and "
     "when\n"
     "its login ends. The file is --authfile, else REGISTRY_AUTH_FILE, else Docker's config.json.\n"},
    {"logout", cmd_logout, "forget them; without a registry all of ECR's", "usage: ecr logout [REGISTRY...]\n"},
    {"get-login-password", cmd_get_login_password, "print the password for docker login --password-stdin (user AWS)",
     "usage: ecr get-login-password [--k8s-secret NAME [--namespace NS]] [REGISTRY...]\n\n"
     "With --k8s-secret it prints a pull Secret for kubectl apply -f - instead.\n"},
    {"credential-helper", cmd_credential_helper, "Docker's credential helper; also as docker-credential-ecr-login",
     "usage: ecr credential-helper get|list|store|erase\n\n"
     "AWS_ECR_CACHE_DIR names a folder to keep tokens in; without it none are kept.\n"},
    {"kubelet-credentials", cmd_kubelet_credentials,
     "the kubelet's credential provider; also as ecr-credential-provider",
     "usage: ecr kubelet-credentials <REQUEST >RESPONSE\n\n"
     "AWS_ECR_ROLE_ARN, or the pod's annotation, names the role for its service account's token.\n"},
    {"whoami", cmd_whoami, "who am I to AWS, and where the credentials come from",
     "usage: ecr whoami [REGISTRY]\n\nFor a registry: as whom it would be asked (ECR_REGISTRY_MAP).\n"},
    {"doctor", cmd_doctor, "a step by step diagnosis: why does the pull fail?",
     "usage: ecr doctor [IMAGE]\n\n"
     "Looks at this place, the network, credentials, permissions and the image, and says what to do. Nothing is "
     "changed;\n"
     "looking at the image's platform counts as a pull in ECR.\n"},
    {"api", cmd_api, "any operation of ECR or ECR Public, by its name",
     "usage: ecr api [--public] [--no-paginate] [--format MEMBER] OPERATION [JSON|@FILE|-]\n\n"
     "OPERATION is the API's name (DescribeImages) or the aws CLI's (describe-images). All pages are merged.\n"},
    {"version", cmd_version, "the version of this program", "usage: ecr version\n"},
    {NULL, NULL, NULL, NULL},
};

/* One binary in three roles: a link or a copy of this name is the command. */
static const struct role roles[] = {
    {"docker-credential-ecr-login", "credential-helper"},
    {"ecr-credential-provider", "kubelet-credentials"},
    {NULL, NULL},
};

/* Ends the program at once. A handler is needed: as PID 1 the default action of a signal is to be ignored. */
static void on_signal(int number)
{
    _exit(128 + number);
}

static void set_signals(void)
{
    struct sigaction end = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN}, usual = {.sa_handler = SIG_DFL};
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGCHLD, &usual, NULL); /* ignored, as some parents hand it down, it would hide how our children end */
}

int main(int argc, char **argv)
{
    set_signals();
    process_guard();
    return run_program(commands, roles, argc, argv);
}
