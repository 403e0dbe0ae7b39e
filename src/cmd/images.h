#ifndef ECR_CMD_IMAGES_H
#define ECR_CMD_IMAGES_H

#include "check/check.h"
#include "cmd/cmd.h"

/* What commands about images take beside the global options. */
struct image_arguments {
    struct text_list files; /* -f */
    struct text_list platforms;
    int via; /* index of the choices */
    bool deep, pull_through, signature;
    const char *digest;
    int64_t max_age_ms, max_size;
    const char *format;        /* a member of the JSON to be printed alone */
    bool unannounced;          /* the verdicts are not final: CI is not told of them */
    const char *github_output; /* a name under which the result goes to GitHub's output file */
};

#define IMAGE_OPTIONS 12

/* What they mean, for the help of a command. */
#define IMAGE_HELP                                                                                                     \
    "\n  --via WHO              auto, ecr, registry, docker or local\n"                                                \
    "  -f, --file FILE        images from a list, Kubernetes YAML or a Compose file; - is stdin\n"                     \
    "  --platform OS/ARCH     must be in it; 'native' is this machine's; may be repeated\n"                            \
    "  --deep                 a pull would succeed: every part is asked for\n"                                         \
    "  --digest D, --max-age DURATION, --max-size SIZE\n"                                                              \
    "  --has-signature        something in the registry says that it signs it; nothing is verified\n"                  \
    "  --pull-through         have a pull-through cache import it\n"                                                   \
    "  --format MEMBER        one member of the JSON alone, as digest or {{.digest}}\n"                                \
    "  --github-output NAME   the result for later steps of a job of GitHub Actions\n"                                 \
    "What looks into an image (--platform, --deep, --max-size) reads its manifest: in ECR that counts as a pull.\n"

/* Fills `list` with the options; returns how many there are. */
size_t image_options(struct image_arguments *arguments, struct option list[static IMAGE_OPTIONS]);

/* The images that the operands and the files name, in their order. -1 with a usage error; nothing was asked. */
int images_read(struct invocation *in, const struct image_arguments *arguments, struct item **items, size_t *count);

/* How they are to be checked. -1 with a usage error. */
int images_check_options(struct invocation *in, const struct image_arguments *arguments, struct check_options *options);

#endif
