#ifndef ECR_REGISTRY_DOWNLOAD_H
#define ECR_REGISTRY_DOWNLOAD_H

#include "base/reader.h"
#include "registry/registry.h"

/* A blob that is read while it comes. What is cut off goes on where it ended (Range), through a fresh redirect. */
struct registry_download {
    const struct registry_client *client;
    const char *repository, *digest;
    struct arena arena; /* of the last request */
    struct http_stream *stream;
    const char *host; /* that sends it */
    int64_t at;       /* the next byte of the stream */
    int64_t size;
    int failures; /* since bytes came last */
};

/* Nothing is asked before the first byte is read. The texts and the client outlive the download. */
void registry_download_begin(struct registry_download *download, const struct registry_client *client,
                             const char *repository, const char *digest, int64_t size);
void registry_download_end(struct registry_download *download);

/* Reads it. Errors: as of registry_try_blob, and bad-reply for a blob of another length. */
struct reader registry_download_reader(struct registry_download *download);

#endif
