/* Bodies: whatever pieces they come in, the end, the text and what is left behind are the same. */
#include "fuzz.h"
#include "net/http_body.h"

#define LIMIT 3000

struct end {
    bool fault, done;
    size_t used;
    struct buf text;
};

/* `sizes` gives the pieces' lengths, one byte each, over and over; none: one piece. */
static struct end feed(enum http_framing framing, uint64_t length, struct slice in, struct slice sizes)
{
    struct http_body body;
    struct end end = {.text = BUF_INIT};
    http_body_init(&body, framing, length);
    for (size_t piece = 0; end.used < in.len && !end.fault && !body.done; piece++) {
        size_t used, len = sizes.len ? (uint8_t)sizes.data[piece % sizes.len] % 17 + 1u : in.len;
        struct slice rest = slice_head(slice_from(in, end.used), len);
        end.fault = http_body_feed(&body, rest, &used, &end.text, LIMIT) != NULL;
        MUST(used <= rest.len && (end.fault || body.done || used == rest.len));
        end.used += used;
    }
    end.done = !end.fault && http_body_end(&body, false) == NULL;
    http_body_free(&body);
    MUST(end.text.len <= LIMIT);
    return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 6)
        return 0;
    enum http_framing framing = data[0] % 8 ? HTTP_BODY_CHUNKED : data[1] % 2 ? HTTP_BODY_LENGTH : HTTP_BODY_UNTIL_CLOSE;
    struct slice sizes = input(data + 2, 4), in = input(data + 6, size - 6);
    struct end whole = feed(framing, data[1] * 20u, in, slice_head(in, 0));
    struct end pieces = feed(framing, data[1] * 20u, in, sizes);
    MUST(whole.fault == pieces.fault && whole.done == pieces.done);
    if (!whole.fault)
        MUST(whole.used == pieces.used && slice_equal(buf_view(&whole.text), buf_view(&pieces.text)));
    buf_free(&whole.text);
    buf_free(&pieces.text);
    return 0;
}
