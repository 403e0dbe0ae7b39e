#include "cmd/commands.h"

#include "cmd/images.h"

#define MOVE_HELP                                                                                                      \
    "  --platform OS/ARCH       the image for this platform alone\n"                                                   \
    "  --all-platforms          the index with all of them\n"                                                          \
    "  --referrers              what refers to the image, too: signatures, attestations\n"                             \
    "Prints the digest; with --json an object a line about what goes on. Manifests and layers stay as they are, "      \
    "byte\n"                                                                                                           \
    "for byte. What was cut off goes on; a second run takes over what is whole.\n"

const struct command command_table[] = {
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
    {"repo", cmd_repo, "repositories: ls, create, show, set, rm",
     "usage: ecr repo ls [--public] [[HOST/]PREFIX]\n"
     "       ecr repo create [OPTION...] REPO      prints its URI; one that is there is as good, if it is so\n"
     "       ecr repo show [--public] REPO\n"
     "       ecr repo set [--immutable|--mutable] [--except FILTER]... [--[no-]scan-on-push] REPO\n"
     "       ecr repo rm [--force] [--yes] [--public] REPO\n\n"
     "REPO is a name, in the caller's own registry, or HOST/NAME.\n"
     "  --immutable, --mutable   whether tags can be moved; --except FILTER turns it round for some, as 'latest'; "
     "'set'\n"
     "                           forgets the exceptions that it does not name\n"
     "  --scan-on-push, --no-scan-on-push   whether images are scanned for vulnerabilities\n"
     "  --kms [KEY]              encrypt with a KMS key, that of the service without KEY\n"
     "  --encryption TYPE        AES256, KMS or KMS_DSSE\n"
     "  --tag KEY=VALUE          may be repeated\n"
     "  --public                 in ECR Public\n"
     "  --must-not-exist         one that is there is an error\n"
     "  --force                  delete it with all its images\n"
     "  --yes                    do not ask\n"},
    {"policy", cmd_policy, "who may use a repository or the registry: show, set, rm",
     "usage: ecr policy show [--public] REPO | --registry\n"
     "       ecr policy set [--force] [--public] REPO FILE | --registry FILE     (- is standard input)\n"
     "       ecr policy rm [--yes] [--public] REPO | --registry\n\n"
     "'set' takes the place of the policy that is there.\n"
     "  --registry               that of the caller's own registry\n"
     "  --force                  one that locks out whoever sets it, too\n"
     "  --yes                    do not ask\n"},
    {"image", cmd_image, "images of a repository: ls, show, rm, restore",
     "usage: ecr image ls [--untagged] [--limit N] [--public] REPO     the newest first, archived ones too\n"
     "       ecr image show [--public] IMAGE       sizes, layers, referrers, scan; counts as a pull\n"
     "       ecr image rm [--dry-run] [--yes] [--public] IMAGE...\n"
     "       ecr image restore [--wait] IMAGE...   from the archive\n\n"
     "IMAGE is [HOST/]NAME:TAG or [HOST/]NAME@DIGEST. 'rm' by tag removes the tag, and the image with its last one; "
     "by\n"
     "digest the image and all its tags. What is gone already is no error.\n"
     "  --untagged               those without a tag alone\n"
     "  --limit N                the newest N\n"
     "  --dry-run                tell what would go, and remove nothing\n"
     "  --wait                   until it can be pulled\n"
     "  --yes                    do not ask\n"},
    {"tag", cmd_tag, "further tags for an image, without pulling it",
     "usage: ecr tag IMAGE NEWTAG...\n\n"
     "Within one repository; the digest stays the same. A tag that points there already is no error; after one that\n"
     "fails none is set. Reading the manifest counts as a pull in ECR.\n"},
    {"lifecycle", cmd_lifecycle, "which images go by themselves: show, set, rm, preview",
     "usage: ecr lifecycle show REPO\n"
     "       ecr lifecycle set REPO FILE | REPO [--keep N [--prefix P]...] [--untagged-days N]\n"
     "       ecr lifecycle preview REPO [FILE] | REPO [--keep N [--prefix P]...] [--untagged-days N]\n"
     "       ecr lifecycle rm [--yes] REPO\n\n"
     "'set' takes the place of the policy that is there. A preview without a policy is that of the one that is set.\n"
     "  --keep N                 the newest N images stay\n"
     "  --prefix P               the newest N of those with tags that begin so, each P by itself\n"
     "  --untagged-days N        images without a tag go so many days after their push\n"
     "  --yes                    do not ask\n"},
    {"cache", cmd_cache, "pull-through cache rules: ls, add, set, rm, test",
     "usage: ecr cache ls [[HOST/]PREFIX]...       each rule's upstream, and whether it works\n"
     "       ecr cache add [OPTION...] PREFIX UPSTREAM\n"
     "       ecr cache set [--credential-arn ARN] [--role-arn ARN] PREFIX\n"
     "       ecr cache rm [--yes] PREFIX           what it cached stays\n"
     "       ecr cache test PREFIX\n\n"
     "UPSTREAM is docker-hub, ghcr, quay, k8s, gitlab, chainguard, ecr-public, NAME.azurecr.io or a registry of ECR.\n"
     "  --credential-arn ARN     a secret with username and accessToken, in the registry's account and region\n"
     "  --upstream-prefix P      what PREFIX stands for there\n"
     "  --role-arn ARN           for another account's registry of ECR\n"
     "  --print-role             the policies that such a role needs; nothing is added\n"
     "  --yes                    do not ask\n"},
    {"replication", cmd_replication, "where pushed images are copied to: show, set, rm, status",
     "usage: ecr replication show\n"
     "       ecr replication set [--yes] FILE | --to REGION[/ACCOUNT]... [--prefix P]...\n"
     "       ecr replication rm [--yes]\n"
     "       ecr replication status [--wait] IMAGE\n\n"
     "'set' takes the place of all rules of the registry.\n"
     "  --to REGION[/ACCOUNT]    a destination; the account is the registry's own without one\n"
     "  --prefix P               repositories that begin so alone\n"
     "  --wait                   until all copies are there\n"
     "  --yes                    do not ask\n"},
    {"scan", cmd_scan, "vulnerabilities of an image: start, show, config",
     "usage: ecr scan start [--no-wait] [--fail-on SEVERITY] IMAGE     waits for the result, and shows it\n"
     "       ecr scan show [--wait] [--fail-on SEVERITY] IMAGE\n"
     "       ecr scan config [--yes] [--type basic|enhanced [--on-push FILTER]... [--continuous FILTER]...]\n\n"
     "  --fail-on SEVERITY       CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL or UNDEFINED: exit status 1 if such a\n"
     "                           finding, or a worse one, is there\n"
     "  --wait, --no-wait        for a scan that runs\n"
     "  --type TYPE              how the registry scans: takes the place of all its rules\n"
     "  --on-push FILTER         repositories whose images are scanned once, when they are pushed: 'team/*'\n"
     "  --continuous FILTER      those that are scanned again whenever something new is known\n"
     "  --yes                    do not ask\n"},
    {"pull", cmd_pull, "an image from a registry into files on this machine, or into the daemon",
     "usage: ecr pull [OPTION...] IMAGE [PLACE]\n\n"
     "PLACE is oci:DIR[:TAG] (the default, named after the repository), oci-archive:FILE[:TAG], docker-archive:FILE "
     "or\n"
     "docker:[IMAGE]; FILE '-' is standard output. Of an image for several platforms this machine's is "
     "taken.\n" MOVE_HELP},
    {"push", cmd_push, "an image from files or the daemon to a registry, under one or several tags",
     "usage: ecr push [OPTION...] PLACE IMAGE...\n\n"
     "PLACE is oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE or docker:IMAGE; FILE '-' is standard "
     "input.\n"
     "Layers go up as they are: an uncompressed one in an archive of 'docker save' stays so, under an OCI manifest.\n"
     "The tags are set last, in their order.\n"
     "  --create-repo            make the repository in ECR if it is not there\n" MOVE_HELP},
    {"copy", cmd_copy, "an image from any place to any other",
     "usage: ecr copy [OPTION...] FROM TO\n\n"
     "Both are a registry's image, or a PLACE as of 'ecr pull'. All platforms are copied; within one registry layers "
     "are\n"
     "taken over without a transfer where it offers that.\n"
     "  --create-repo            make the repository in ECR if it is not there\n" MOVE_HELP},
    {"api", cmd_api, "any operation of ECR or ECR Public, by its name",
     "usage: ecr api [--public] [--no-paginate] [--format MEMBER] OPERATION [JSON|@FILE|-]\n\n"
     "OPERATION is the API's name (DescribeImages) or the aws CLI's (describe-images). All pages are merged.\n"},
    {"version", cmd_version, "the version of this program", "usage: ecr version\n"},
    {NULL, NULL, NULL, NULL},
};

/* One binary in three roles: a link or a copy of this name is the command. */
const struct role role_table[] = {
    {"docker-credential-ecr-login", "credential-helper"},
    {"ecr-credential-provider", "kubelet-credentials"},
    {NULL, NULL},
};
