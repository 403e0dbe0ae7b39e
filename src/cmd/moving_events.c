#include "cmd/moving_events.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/leftover.h"
#include "base/json_write.h"

#define EVENT_EVERY_MS 3000
#define BARS_MAX       MOVE_WORKERS
#define SHORT_DIGEST   12

static const char *const state_words[] = {
    [BLOB_WAITING] = "waiting", [BLOB_MOVING] = "moving",   [BLOB_COPIED] = "copied",
    [BLOB_EXISTS] = "exists",   [BLOB_MOUNTED] = "mounted", [BLOB_ELSEWHERE] = "elsewhere"};

static void open_event(struct buf *out, const char *name)
{
    *out = BUF_INIT;
    json_open(out, '{');
    json_member_str(out, "event", name);
}

static void print_event(struct moving *moving, struct buf *out)
{
    json_close(out, '}');
    buf_char(out, '\n');
    if (!moving->mute)
        moving->mute = invocation_print(moving->in, buf_view(out)) < 0;
    buf_free(out);
}

static void label_of(const char *digest, char label[static PROGRESS_LABEL_MAX])
{
    struct slice hex = slice_of(digest);
    slice_cut(&hex, ':');
    hex = slice_head(hex, hex.len < SHORT_DIGEST ? hex.len : SHORT_DIGEST);
    memcpy(label, hex.data, hex.len);
    label[hex.len] = 0;
}

static void on_begun(void *context, const struct move *move)
{
    struct buf out;
    struct moving *moving = context;
    const struct move_manifest *root = &move->manifests[move->root];
    moving->since = arena_array(&moving->in->arena, move->blob_count + 1, sizeof *moving->since);
    moving->next_event = deadline_in(EVENT_EVERY_MS);
    if (!moving->in->json)
        return;
    open_event(&out, "start");
    json_member_str(&out, "from", move->from->text);
    json_member_str(&out, "to", move->to->text);
    json_member_str(&out, "digest", root->digest);
    json_member_str(&out, "mediaType", root->media_type);
    json_member_int(&out, "manifests", (int64_t)move->manifest_count);
    json_member_int(&out, "blobs", (int64_t)move->blob_count);
    json_member_int(&out, "sizeBytes", move->total);
    print_event(moving, &out);
}

static void on_blob(void *context, const struct move *move, const struct move_blob *blob)
{
    struct buf out;
    struct moving *moving = context;
    int state = atomic_load(&blob->state);
    (void)move;
    if (moving->in->json) {
        open_event(&out, "blob");
        json_member_str(&out, "digest", blob->what.digest);
        json_member_int(&out, "sizeBytes", blob->what.size);
        json_member_str(&out, "status", state_words[state]);
        print_event(moving, &out);
    }
    if (!moving->in->term.terminal && !moving->in->term.verbose)
        return; /* a log needs no line a layer */
    char label[PROGRESS_LABEL_MAX];
    out = BUF_INIT;
    label_of(blob->what.digest, label);
    buf_printf(&out, "%s  ", label);
    term_size(&out, blob->what.size > 0 ? blob->what.size : 0);
    buf_printf(&out, "  %s", state == BLOB_EXISTS ? "is there already" : state_words[state]);
    progress_line(&moving->progress, TERM_PLAIN, out.data);
    buf_free(&out);
}

static void on_manifest(void *context, const struct move *move, const struct move_manifest *manifest, const char *tag)
{
    struct buf out;
    struct moving *moving = context;
    (void)move;
    if (!moving->in->json)
        return;
    open_event(&out, "manifest");
    json_member_str(&out, "digest", manifest->digest);
    json_member_str(&out, "mediaType", manifest->media_type);
    json_member_str(&out, "tag", tag);
    print_event(moving, &out);
}

static void print_progress(struct moving *moving, const struct progress_bar *whole)
{
    struct buf out;
    if (!moving->in->json || !deadline_passed(moving->next_event))
        return;
    moving->next_event = deadline_in(EVENT_EVERY_MS);
    open_event(&out, "progress");
    json_member_int(&out, "doneBytes", whole->done);
    json_member_int(&out, "totalBytes", whole->total);
    print_event(moving, &out);
}

/* Of what is moved: what is there already would make it seem faster than it is. */
static struct progress_bar whole_of(const struct moving *moving)
{
    struct progress_bar whole = {"all", 0, 0, moving->began};
    const struct move *move = &moving->move;
    for (size_t i = 0; i < move->blob_count; i++) {
        const struct move_blob *blob = &move->blobs[i];
        int state = atomic_load(&blob->state);
        if (state != BLOB_WAITING && state != BLOB_MOVING && state != BLOB_COPIED)
            continue;
        whole.total += blob->what.size;
        whole.done += state == BLOB_COPIED ? blob->what.size : state == BLOB_MOVING ? atomic_load(&blob->moved) : 0;
    }
    return whole;
}

static void on_tick(void *context, const struct move *move)
{
    struct moving *moving = context;
    struct progress_bar bars[BARS_MAX], whole = whole_of(moving);
    size_t count = 0;
    int64_t now = clock_ms();
    for (size_t i = 0; i < move->blob_count && count < BARS_MAX; i++) {
        const struct move_blob *blob = &move->blobs[i];
        if (atomic_load(&blob->state) != BLOB_MOVING)
            continue;
        if (!moving->since[i])
            moving->since[i] = now;
        struct progress_bar *bar = &bars[count++];
        *bar = (struct progress_bar){
            .done = atomic_load(&blob->moved), .total = blob->what.size, .since = moving->since[i]};
        label_of(blob->what.digest, bar->label);
    }
    progress_show(&moving->progress, bars, count, &whole);
    print_progress(moving, &whole);
}

/* Threads that wait for a slow peer would go on with memory that is given back: the program ends without that. */
static void on_give_up(void *context, const struct error *error)
{
    struct moving *moving = context;
    progress_close(&moving->progress);
    error_copy(&moving->in->error, error);
    int status = invocation_fail(moving->in);
    leftovers_end();
    _exit(status);
}

void moving_watch(struct moving *moving)
{
    moving->began = moving->began ? moving->began : clock_ms();
    progress_open(&moving->progress, &moving->in->term);
    moving->move.events = (struct move_events){on_begun, on_blob, on_manifest, on_tick, on_give_up, moving};
}

static void count_blobs(struct moving *moving)
{
    const struct move *move = &moving->move;
    for (size_t i = 0; i < move->blob_count; i++) {
        int state = atomic_load(&move->blobs[i].state);
        moving->copied += state == BLOB_COPIED;
        moving->there += state == BLOB_EXISTS;
        moving->mounted += state == BLOB_MOUNTED;
        moving->copied_bytes += state == BLOB_COPIED ? move->blobs[i].what.size : 0;
    }
}

void moving_watched(struct moving *moving)
{
    progress_close(&moving->progress);
    count_blobs(moving);
}

static void add_count(struct buf *line, size_t count, const char *what)
{
    if (count)
        buf_printf(line, "%s%zu blob%s %s", line->len ? "; " : "", count, count == 1 ? "" : "s", what);
}

/* "4 blobs copied, 512 MB (84 MB/s); 2 blobs there already" */
void moving_sum_up(struct moving *moving)
{
    struct buf line = BUF_INIT, rate = BUF_INIT;
    const struct move_manifest *root = &moving->move.manifests[moving->move.root];
    struct progress_bar all = {"", moving->copied_bytes, moving->copied_bytes, moving->began};
    progress_rate(&rate, &all, clock_ms());
    add_count(&line, moving->copied, "copied, ");
    if (moving->copied)
        term_size(&line, moving->copied_bytes);
    if (moving->copied && rate.len)
        buf_printf(&line, " (%s)", rate.data);
    add_count(&line, moving->there, "there already");
    add_count(&line, moving->mounted, "taken over within the registry");
    term_note(&moving->in->term, TERM_GREEN, line.len ? line.data : "no blobs to copy");
    buf_free(&rate);
    buf_free(&line);
    if (!moving->in->json)
        return;
    open_event(&line, "done");
    json_member_str(&line, "digest", root->digest);
    json_member_str(&line, "mediaType", root->media_type);
    json_member_int(&line, "copiedBytes", moving->copied_bytes);
    print_event(moving, &line);
}
