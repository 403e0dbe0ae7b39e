#include "net/http_stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define PIECE_MAX 65536 /* of a chunked body, taken out at a time */

struct http_stream *http_stream_open(struct http *http, struct http_connection *connection, enum http_framing framing,
                                     uint64_t length, bool keeps_alive, int64_t deadline)
{
    struct http_stream *stream = must_alloc(sizeof *stream);
    *stream = (struct http_stream){
        .http = http, .connection = connection, .piece = BUF_INIT, .keeps_alive = keeps_alive, .deadline = deadline};
    http_body_init(&stream->body, framing, length);
    return stream;
}

/* A body of known length needs no taking apart: the connection's bytes are its own. */
static int read_plain(struct http_stream *stream, char *out, size_t size, size_t *got, struct error *error)
{
    struct buf *input = &stream->connection->input;
    if (size > stream->body.left)
        size = (size_t)stream->body.left;
    if (input->len) {
        *got = size < input->len ? size : input->len;
        memcpy(out, input->data, *got);
        buf_drop(input, *got);
    } else if (http_connection_read(stream->connection, out, size, got, stream->deadline, error) < 0) {
        return -1;
    } else if (*got == 0) {
        return error_set(error, REASON_BAD_REPLY, stream->connection->stream.name, "its reply is not proper HTTP: %s",
                         http_body_end(&stream->body, true));
    }
    stream->body.left -= *got;
    stream->body.done = stream->body.left == 0;
    return 0;
}

/* Fills `piece`, unless the body is over. */
static int take_piece(struct http_stream *stream, struct error *error)
{
    struct http_connection *connection = stream->connection;
    while (!stream->piece.len && !stream->body.done) {
        size_t used, got;
        const char *fault = http_body_feed(&stream->body, slice_head(buf_view(&connection->input), PIECE_MAX), &used,
                                           &stream->piece, PIECE_MAX);
        buf_drop(&connection->input, used);
        if (!fault && !stream->piece.len && !stream->body.done && !connection->input.len) {
            char *room = buf_reserve(&connection->input, PIECE_MAX);
            if (http_connection_read(connection, room, PIECE_MAX, &got, stream->deadline, error) < 0)
                return -1;
            buf_added(&connection->input, got);
            fault = got ? NULL : http_body_end(&stream->body, connection->stream.send_failed);
        }
        if (fault)
            return error_set(error, REASON_BAD_REPLY, connection->stream.name, "its reply is not proper HTTP: %s",
                             fault);
    }
    return 0;
}

int http_stream_read(struct http_stream *stream, char *out, size_t size, size_t *got, struct error *error)
{
    *got = 0;
    if (stream->body.framing == HTTP_BODY_LENGTH)
        return stream->body.done ? 0 : read_plain(stream, out, size, got, error);
    if (take_piece(stream, error) < 0)
        return -1;
    *got = size < stream->piece.len ? size : stream->piece.len;
    memcpy(out, stream->piece.data, *got);
    buf_drop(&stream->piece, *got);
    return 0;
}

void http_stream_close(struct http_stream *stream)
{
    if (!stream)
        return;
    struct http_connection *connection = stream->connection;
    bool whole = stream->body.done && stream->body.framing != HTTP_BODY_UNTIL_CLOSE;
    if (whole && stream->keeps_alive && !connection->input.len && !connection->stream.send_failed)
        http_connection_keep(stream->http, connection);
    else
        http_connection_free(connection);
    http_body_free(&stream->body);
    buf_free(&stream->piece);
    free(stream);
}
