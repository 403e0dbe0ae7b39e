#include "ecr/code.h"

#include <string.h>

#include "aws/code.h"

struct row {
    const char *code;
    enum reason reason;
};

static const struct row codes[] = {
    {"RepositoryNotFoundException", REASON_NO_REPOSITORY},
    {"ImageNotFoundException", REASON_NO_IMAGE},
    {"ImageArchivedException", REASON_ARCHIVED},
    {"ServerException", REASON_SERVER_ERROR},
    {"KmsException", REASON_DENIED},
    {"UnableToGetUpstreamImageException", REASON_UPSTREAM_ERROR},
    {"UnableToGetUpstreamLayerException", REASON_UPSTREAM_ERROR},
    {"UnableToListUpstreamImageReferrersException", REASON_UPSTREAM_ERROR},
    {"UnableToAccessSecretException", REASON_DENIED},
    {"UnableToDecryptSecretValueException", REASON_DENIED},
    {"BlockedByOrganizationPolicyException", REASON_DENIED},
    {"UnsupportedCommandException", REASON_UNSUPPORTED},
    {"UnsupportedImageTypeException", REASON_UNSUPPORTED},
};

static const struct row failures[] = {
    {"ImageNotFound", REASON_NO_IMAGE},
    {"UpstreamAccessDenied", REASON_UPSTREAM_ERROR},
    {"UpstreamTooManyRequests", REASON_UPSTREAM_ERROR},
    {"UpstreamUnavailable", REASON_UPSTREAM_ERROR},
};

static enum reason look_up(const struct row *rows, size_t count, const char *code, enum reason otherwise)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].code, code) == 0)
            return rows[i].reason;
    return otherwise;
}

enum reason ecr_code_reason(const char *code)
{
    return look_up(codes, sizeof codes / sizeof *codes, code, CODE_UNKNOWN);
}

enum reason ecr_failure_reason(const char *code)
{
    return look_up(failures, sizeof failures / sizeof *failures, code, REASON_REFUSED);
}
