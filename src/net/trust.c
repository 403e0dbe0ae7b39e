#include "net/trust.h"

#include <string.h>

#include "base/file.h"

void trust_init(struct trust *trust)
{
    *trust = (struct trust){.pem = BUF_INIT, .extra = BUF_INIT, .system = BUF_INIT};
    pthread_mutex_init(&trust->lock, NULL);
}

void trust_init_with(struct trust *trust, struct trust *other, struct buf *pem)
{
    trust_init(trust);
    trust->extra = *pem;
    trust->of = other;
    *pem = BUF_INIT;
}

void trust_free(struct trust *trust)
{
    buf_free(&trust->pem);
    buf_free(&trust->extra);
    buf_free(&trust->system);
    trust_init(trust);
}

struct slice trust_system(struct trust *trust)
{
    pthread_mutex_lock(&trust->lock);
    if (!trust->system_read)
        anchors_read_system(&trust->system);
    trust->system_read = true;
    pthread_mutex_unlock(&trust->lock);
    return buf_view(&trust->system);
}

int trust_use_file(struct trust *trust, const char *path, struct error *error)
{
    struct arena scratch = {0};
    struct anchor_set none = {.count = 0};
    buf_free(&trust->pem);
    trust->file = path; /* if it cannot be read nothing is trusted, rather than more than was meant */
    int status = file_read(path, ANCHOR_FILE_MAX, &trust->pem);
    if (status)
        return error_set(error, REASON_USAGE, path, "cannot read the CA certificates: %s", strerror(status));
    size_t held = anchors_add_pem(&scratch, buf_view(&trust->pem), (struct anchor_names){NULL, 0}, 0, &none);
    arena_free(&scratch);
    if (held == 0)
        return error_set(error, REASON_USAGE, path, "holds no PEM certificate");
    return 0;
}
