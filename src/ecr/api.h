#ifndef ECR_ECR_API_H
#define ECR_ECR_API_H

#include "aws/client.h"
#include "aws/endpoint.h"

#define ECR_IDS_MAX          100 /* imageIds a call (DescribeImages, BatchGetImage) */
#define ECR_MANIFEST_IDS_MAX 10  /* of them with manifests, which may have 4 MiB each */

extern const struct aws_service ecr_service;
extern const struct aws_service ecr_public_service;
extern const struct endpoint_rule ecr_endpoint_rule;
extern const struct endpoint_rule ecr_public_endpoint_rule;

/* ECR's API for the registry of one account in one region. */
struct ecr_api {
    struct aws_client client;
    bool is_public;        /* ECR Public's API, whose shapes differ */
    const char *account;   /* NULL: the caller's own */
    const char *partition; /* of its ARNs */
    int64_t deadline;      /* of the calls that follow */
};

/* An image as it is named in a call: by digest if that is not NULL, else by tag. */
struct ecr_image_id {
    const char *tag;
    const char *digest;
};

/* What ECR says about an image; texts in the arena of the call. */
struct ecr_image {
    const char *digest;
    const char *media_type; /* NULL: not said */
    int64_t size;           /* -1: not said */
    int64_t pushed_at;      /* 0: not said */
    const char *status;     /* "ACTIVE", "ARCHIVED", "ACTIVATING"; NULL: not said */
    size_t tag_count;       /* of a description */
    struct slice manifest;  /* of BatchGetImage: its exact bytes, NULL without them */
    bool contradicted;      /* it was described twice, with another digest */
};

/*
 * DescribeImages for `count` ids (1 to 100): fills images[i] for ids[i]. 0 when ECR described each of them. -1 with
 * an error: no-image when at least one id is not there (the service does not say which), no-repository, bad-reply
 * when the reply does not describe what was asked for, or any other reason.
 */
int ecr_describe_images(const struct ecr_api *api, const char *repository, const struct ecr_image_id *ids, size_t count,
                        struct ecr_image *images, struct arena *arena, struct error *error);

/*
 * Whether ECR has archived images (or such that are being restored) under these ids: fills images[i] of those, with
 * digest NULL for the others. A call a page of the archived images of the repository. On -1 *pages tells how many
 * pages were read before; what was found on them stays in `images`.
 */
int ecr_find_archived(const struct ecr_api *api, const char *repository, const struct ecr_image_id *ids, size_t count,
                      struct ecr_image *images, size_t *pages, struct arena *arena, struct error *error);

/*
 * BatchGetImage for `count` ids (1 to ECR_MANIFEST_IDS_MAX), which ECR counts as pulls: fills images[i], or reasons[i]
 * where it is not REASON_OK, with the service's word in failures[i].
 */
int ecr_batch_get_image(const struct ecr_api *api, const char *repository, const struct ecr_image_id *ids, size_t count,
                        struct ecr_image *images, enum reason *reasons, const char **failures, struct arena *arena,
                        struct error *error);

#endif
