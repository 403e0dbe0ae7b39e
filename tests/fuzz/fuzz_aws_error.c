/* Error replies of AWS: a code is a plain word that the reply holds, whatever was sent. The input is a header's value,
 * a line feed and a body. */
#include "aws/code.h"
#include "ecr/code.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct slice body = input(data, size), value = slice_cut(&body, '\n');
    struct http_header header = {SLICE("x-amzn-ErrorType"), value};
    struct http_head head = {.status = 400, .headers = &header, .count = value.len > 0};
    const char *message;
    const char *code = aws_error_code(&arena, &head, body, &message);
    if (code) {
        size_t len = strlen(code);
        MUST(len >= 1 && len <= 128);
        for (const char *c = code; *c; c++)
            MUST(ascii_is_alnum(*c) || *c == '_' || *c == '.');
        MUST(slice_has(value, code) || slice_has(body, code) || slice_has(body, "\\u"));
        enum reason reason = aws_code_reason(code);
        MUST(reason == CODE_UNKNOWN || reason_state(reason) == STATE_UNKNOWN); /* no code of all services decides */
        if (ecr_code_reason(code) == REASON_NO_IMAGE)
            MUST(strcmp(code, "ImageNotFoundException") == 0);
        MUST(aws_code_is_throttle(code) == (reason == REASON_THROTTLED));
        aws_code_may_be_skew(code);
    }
    arena_free(&arena);
    return 0;
}
