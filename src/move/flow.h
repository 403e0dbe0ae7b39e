#ifndef ECR_MOVE_FLOW_H
#define ECR_MOVE_FLOW_H

#include "base/sha256.h"
#include "move/source.h"

/*
 * A blob on its way: counted for who watches, stopped when another thread failed, and hashed. The last bytes are given
 * only if all that was read from the beginning on has the digest, so that nobody gets the whole of a wrong one. What is
 * read again from the middle on was hashed when it was read first; whoever asks for it looks at the whole himself.
 */
struct flow {
    struct move *move;
    struct move_blob *blob;
    const struct move_source *source;
    struct source_blob from;
    bool hashes; /* whoever takes it does not */
    struct sha256_state hash;
    int64_t hashed; /* bytes, from the first on */
};

/* Opens the blob of the source; flow_end in any case where that went well. -1 with an error. */
int flow_begin(struct flow *flow, struct move *move, struct move_source *source, struct mover *mover,
               struct move_blob *blob, struct error *error);
void flow_end(struct flow *flow);

struct reader flow_reader(struct flow *flow);

#endif
