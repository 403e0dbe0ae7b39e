#ifndef ECR_BASE_VERSION_H
#define ECR_BASE_VERSION_H

#define ECR_VERSION "0.1.0"

/* 2026-11-21, set by hand at a release: a clock that says less is wrong. Not taken from the compiler, so that the
 * same source makes the same bytes on any day. */
#define ECR_RELEASE_UNIX 1795219200

#endif
