#include "aws/code.h"

#include <string.h>

#include "base/json.h"

static const struct {
    const char *code;
    enum reason reason;
    bool skew;
} codes[] = {
    {"AccessDeniedException", REASON_DENIED, true},
    {"AccessDenied", REASON_DENIED, false},
    {"AuthFailure", REASON_DENIED, true},
    {"UnrecognizedClientException", REASON_DENIED, false},
    {"InvalidClientTokenId", REASON_DENIED, false},
    {"InvalidClientTokenIdException", REASON_DENIED, false},
    {"InvalidSignatureException", REASON_DENIED, true},
    {"SignatureDoesNotMatch", REASON_DENIED, true},
    {"IncompleteSignature", REASON_DENIED, false},
    {"IncompleteSignatureException", REASON_DENIED, false},
    {"MissingAuthenticationToken", REASON_DENIED, false},
    {"MissingAuthenticationTokenException", REASON_DENIED, false},
    {"OptInRequired", REASON_DENIED, false},
    {"SubscriptionRequiredException", REASON_DENIED, false},
    {"RequestExpired", REASON_DENIED, true},
    {"RequestTimeTooSkewed", REASON_DENIED, true},
    {"RequestInTheFuture", REASON_DENIED, true},
    {"ExpiredTokenException", REASON_EXPIRED_CREDENTIALS, false},
    {"ExpiredToken", REASON_EXPIRED_CREDENTIALS, false},
    {"ServiceUnavailable", REASON_SERVER_ERROR, false},
    {"ServiceUnavailableException", REASON_SERVER_ERROR, false},
    {"InternalFailure", REASON_SERVER_ERROR, false},
    {"InternalServerError", REASON_SERVER_ERROR, false},
    {"InternalError", REASON_SERVER_ERROR, false},
    {"RequestTimeout", REASON_SERVER_ERROR, false},
    {"RequestTimeoutException", REASON_SERVER_ERROR, false},
    {"UnknownOperationException", REASON_UNSUPPORTED, false},
    {"UnknownOperation", REASON_UNSUPPORTED, false},
    {"InvalidAction", REASON_UNSUPPORTED, false},
};

static const char *const throttles[] = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "SlowDownException",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
};

bool aws_code_is_throttle(const char *code)
{
    for (size_t i = 0; i < sizeof throttles / sizeof *throttles; i++)
        if (strcmp(code, throttles[i]) == 0)
            return true;
    return false;
}

enum reason aws_code_reason(const char *code)
{
    if (aws_code_is_throttle(code))
        return REASON_THROTTLED;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(code, codes[i].code) == 0)
            return codes[i].reason;
    return CODE_UNKNOWN;
}

bool aws_code_may_be_skew(const char *code)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(code, codes[i].code) == 0)
            return codes[i].skew;
    return false;
}

const char *aws_clean_code(struct arena *arena, struct slice text)
{
    struct slice code = slice_cut(&text, ':');
    code = slice_trim(slice_from(code, (size_t)(slice_rfind(code, '#') + 1)));
    if (code.len == 0 || code.len > 128)
        return NULL;
    for (size_t i = 0; i < code.len; i++)
        if (!ascii_is_alnum(code.data[i]) && code.data[i] != '_' && code.data[i] != '.')
            return NULL;
    return arena_copy(arena, code);
}

/*
 * The code of a JSON object: its "__type", else the header's, else "code" or "Code". NULL for one that cannot be read,
 * whatever stands beside it, and for a header that says something else than the type.
 */
static const char *find_code(struct arena *arena, const struct http_head *head, struct json_node root)
{
    struct json_node type = json_get(root, "__type"), code = json_get(root, "code");
    struct slice header = http_header_get(head, "x-amzn-errortype");
    const char *said = aws_clean_code(arena, header);
    if (json_exists(type)) {
        const char *named = aws_clean_code(arena, json_string(arena, type));
        return header.len && named && (!said || strcmp(named, said) != 0) ? NULL : named;
    }
    if (header.len)
        return said;
    return aws_clean_code(arena, json_string(arena, json_exists(code) ? code : json_get(root, "Code")));
}

const char *aws_error_code(struct arena *arena, const struct http_head *head, struct slice body, const char **message)
{
    struct json json;
    *message = NULL;
    if (body.len == 0)
        return aws_clean_code(arena, http_header_get(head, "x-amzn-errortype"));
    if (json_parse(arena, body, &json) < 0 || !json_is(json_root(&json), JSON_OBJECT))
        return NULL; /* not the service's own reply, or half of it: nothing in it is to be believed */
    struct json_node root = json_root(&json);
    *message = json_cstr(arena, json_get(root, "message"));
    if (!*message)
        *message = json_cstr(arena, json_get(root, "Message"));
    return find_code(arena, head, root);
}
