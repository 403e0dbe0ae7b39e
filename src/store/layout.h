#ifndef ECR_STORE_LAYOUT_H
#define ECR_STORE_LAYOUT_H

#include "base/buf.h"
#include "base/error.h"
#include "base/sha256.h"

/*
 * OCI image layouts (image-spec, image-layout.md): a folder with "oci-layout", "index.json" and "blobs/sha256/HEX". A blob
 * stands there under its name only once it is whole and its content has that digest; index.json is replaced at once. So a
 * layout is consistent whenever somebody looks, and whoever is killed leaves at most files in "blobs/.ecr-*".
 */

#define LAYOUT_INDEX_MAX (16 << 20)

/* What index.json says about an image. */
struct layout_image {
    const char *digest;
    const char *media_type; /* NULL: not said */
    int64_t size;           /* -1: not said */
};

/* The image of a tag; NULL: the only one that there is. All in `arena`. -1 with an error: no-image, usage for no layout. */
int layout_find(struct arena *arena, const char *dir, const char *tag, struct layout_image *image, struct error *error);

/* The same for the text of an index.json that stands elsewhere, in what is called `name`. */
int layout_find_in(struct arena *arena, const char *name, struct slice text, const char *tag,
                   struct layout_image *image, struct error *error);

/* Whether the text of an "oci-layout" says a version that is known; -1 with an error about what is called `name`. */
int layout_check_mark(struct arena *arena, const char *name, struct slice text, struct error *error);

/*
 * Makes the folder and what belongs into it, if it is not there. -1 with an error; a folder with other things in it stays
 * untouched.
 */
int layout_make(struct arena *arena, const char *dir, int64_t deadline, struct error *error);

/* The name of a blob in a layout: "blobs/sha256/HEX". The digest is one of sha256. */
const char *layout_entry_name(struct arena *arena, const char *digest);

/* The path of a blob, whether it is there or not. The digest is one of sha256. */
const char *layout_blob_path(struct arena *arena, const char *dir, const char *digest);

/* Whether a blob is there, whole: its size is compared with that which is said (-1: none is). */
bool layout_has_blob(const char *dir, const char *digest, int64_t size);

/* The same, and its content has the digest: after a crash of the machine a file may have its length alone. */
bool layout_blob_is_sound(const char *dir, const char *digest, int64_t size);

/* A blob that is being written. */
struct layout_blob {
    int fd;
    char *path; /* of the file that it is in meanwhile */
    const char *final_path;
    const char *digest;
    int64_t size; /* that it must have; -1: any */
    int64_t written;
    struct sha256_state hash;
};

/* Begins one; layout_blob_end or layout_blob_drop ends it. The texts live in `arena`. */
int layout_blob_begin(struct arena *arena, const char *dir, const char *digest, int64_t size, struct layout_blob *blob,
                      struct error *error);

/* Adds bytes. -1 with an error: too many of them, or what the file system says. */
int layout_blob_add(struct layout_blob *blob, struct slice data, struct error *error);

/* Gives it its name, if it is whole and has the digest; else nothing is left of it. -1 with an error. */
int layout_blob_end(struct layout_blob *blob, struct error *error);
void layout_blob_drop(struct layout_blob *blob);

/* The digests of all images that an index.json names, in `arena`: of the layout, or of a text (`text` not NULL). */
int layout_list(struct arena *arena, const char *dir, const struct slice *text, const char ***digests, size_t *count,
                struct error *error);

/* The text of an index.json with these images; a tag (NULL: none) names the first. */
void layout_write_index(struct buf *out, const struct layout_image *images, size_t count, const char *tag);

#define LAYOUT_MARK "{\"imageLayoutVersion\":\"1.0.0\"}" /* what the file "oci-layout" holds */

/* Enters an image into index.json under a tag (NULL: none), in the place of the one that had it. */
int layout_enter(struct arena *arena, const char *dir, const char *tag, const struct layout_image *image,
                 int64_t deadline, struct error *error);

#endif
