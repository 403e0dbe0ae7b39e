#include "move/flow.h"

#include <string.h>

#include "base/encode.h"

static bool has_digest(struct flow *flow)
{
    uint8_t hash[SHA256_SIZE];
    struct buf text = BUF_INIT;
    struct sha256_state state = flow->hash; /* the end may be read again */
    sha256_end(&state, hash);
    encode_hex(&text, hash, sizeof hash);
    bool same = strcmp(flow->blob->what.digest + strlen("sha256:"), text.data) == 0;
    buf_free(&text);
    return same;
}

int flow_begin(struct flow *flow, struct move *move, struct move_source *source, struct mover *mover,
               struct move_blob *blob, struct error *error)
{
    *flow = (struct flow){.move = move, .blob = blob, .source = source, .hashes = move->to->kind != PLACE_LAYOUT};
    sha256_start(&flow->hash);
    if (source->kind->blob(source, mover, &blob->what, &flow->from, error) < 0)
        return -1;
    if (flow->from.reader.length > 0 || has_digest(flow))
        return 0;
    flow_end(flow); /* of nothing, whose digest is never looked at again */
    return source_lied(source, blob->what.digest, error);
}

void flow_end(struct flow *flow)
{
    flow->source->kind->blob_end(&flow->from);
}

static ssize_t read_flow(void *context, int64_t offset, char *out, size_t size, struct error *error)
{
    struct flow *flow = context;
    const struct reader *from = &flow->from.reader;
    if (atomic_load(&flow->move->stop)) {
        error_set(error, REASON_REFUSED, flow->blob->what.digest, "stopped, as another part failed");
        error->final = true;
        return -1;
    }
    ssize_t got = from->read(from->context, offset, out, size, error);
    if (got < 0)
        return -1;
    int64_t end = offset + got;
    if (flow->hashes && offset <= flow->hashed && end > flow->hashed) { /* what is read again was hashed before */
        size_t known = (size_t)(flow->hashed - offset);
        sha256_add(&flow->hash, (struct slice){out + known, (size_t)got - known});
        flow->hashed = end;
    }
    atomic_store(&flow->blob->moved, end);
    if (flow->hashes && end == from->length && !has_digest(flow))
        return source_lied(flow->source, flow->blob->what.digest, error);
    return got;
}

struct reader flow_reader(struct flow *flow)
{
    return (struct reader){read_flow, flow, flow->from.reader.length};
}
