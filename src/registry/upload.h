#ifndef ECR_REGISTRY_UPLOAD_H
#define ECR_REGISTRY_UPLOAD_H

#include "base/reader.h"
#include "registry/registry.h"

#define UPLOAD_CHUNK (10 << 20) /* ECR's largest part, whose smallest has 5 MiB */

/*
 * Whether a repository has a blob of that size (HEAD). 0 with *has; -1 with an error where the registry does not say,
 * which leaves it open.
 */
int registry_has_blob(const struct registry_client *client, const char *repository, const char *digest, int64_t size,
                      struct arena *arena, bool *has, struct error *error);

/* A blob to upload. */
struct registry_upload {
    const char *repository, *digest;
    const struct reader *content;
    const char *mount_from; /* a repository of the registry that has it; NULL: none is known */
    bool starts_over;       /* after a failure, from the beginning: the registry does not tell what it has (ECR) */
};

/*
 * Uploads a blob (OCI distribution-spec, "Pushing blobs"): mounted where that is offered, else in one request, or in
 * chunks where the registry wants it so. What fails on the way goes on where the registry says it is, or begins anew.
 * *mounted tells which. -1 with an error.
 */
int registry_put_blob(const struct registry_client *client, const struct registry_upload *upload, bool *mounted,
                      struct error *error);

/* A manifest to upload. */
struct registry_manifest_upload {
    const char *repository;
    const char *target; /* a tag or a digest */
    const char *digest;
    const char *media_type;
    struct slice body;
};

/*
 * Uploads a manifest as it stands. *subject_kept tells whether the registry looks after its subject's referrers. -1 with
 * an error, whose service_code is the registry's.
 */
int registry_put_manifest(const struct registry_client *client, const struct registry_manifest_upload *upload,
                          struct arena *arena, bool *subject_kept, struct error *error);

#endif
