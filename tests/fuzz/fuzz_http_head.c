/* Heads: what is parsed lies in the text, holds no control character, and framing is never ambiguous. */
#include "fuzz.h"
#include "net/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct slice text = input(data, size);
    struct http_head head;
    size_t length = http_head_length(text);
    MUST(length <= size && (length == 0 || data[length - 1] == '\n'));
    if (http_head_parse(&arena, slice_head(text, length ? length : size), &head) == NULL) {
        enum http_framing framing;
        uint64_t body;
        MUST(head.status >= 100 && head.status <= 999 && head.count <= HTTP_HEADERS_MAX);
        for (size_t i = 0; i < head.count; i++) {
            MUST(head.headers[i].name.len > 0 && within(head.headers[i].name, text) &&
                within(head.headers[i].value, text));
            MUST(slice_find(head.headers[i].name, ' ') < 0 && slice_find(head.headers[i].name, ':') < 0);
            MUST(slice_find(head.headers[i].value, '\n') < 0 && slice_find(head.headers[i].value, '\r') < 0);
            MUST(slice_find(head.headers[i].value, 0) < 0);
        }
        if (http_framing(&head, false, &framing, &body) == NULL && framing == HTTP_BODY_CHUNKED)
            MUST(!http_header_get(&head, "content-length").data);
        long wait = http_retry_after(&head);
        MUST(wait >= -1 && wait <= 1 << 20);
        http_keeps_alive(&head);
    }
    arena_free(&arena);
    return 0;
}
