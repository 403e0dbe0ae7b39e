#include "move/flow.h"

#include "image/digest.h"

static bool has_digest(const struct flow *flow)
{
    struct sha256_state state = flow->hash; /* the end may be read again */
    return digest_is_hash(flow->blob->what.digest, &state);
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
    if (flow->source->kind->blob_end)
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
    if (offset == 0) { /* it begins, perhaps anew */
        sha256_start(&flow->hash);
        flow->hashed = 0;
    }
    if (flow->hashes && offset <= flow->hashed && end > flow->hashed) {
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
