// SPDX-License-Identifier: Apache-2.0

const KiB = 1024;
const MiB = 1024 * KiB;

/** Base64 characters that one document may have inside a JSON message. */
export const inlineCharacters = 128 * KiB;
/** Base64 characters of all documents of one call together; the message as a whole may have 256 KiB. */
export const inlineCharactersPerMessage = 192 * KiB;
export const jsonMessageBytes = 256 * KiB;
export const batchItems = 500;
/** Uploads that one connection may have open. */
export const streamsPerConnection = 8;
export const streamBytes = 4096 * MiB;

/** Payload of one binary message: the size at which both browsers were fastest. */
export const uploadMessageBytes = 256 * KiB;
/** The page stops sending while the browser holds this much unsent. */
export const bufferedBytes = 8 * MiB;
/** How much of a file is read at once; larger than a message, because each read costs a trip between processes. */
export const readAheadBytes = 2 * MiB;

/** What the service may send before the page has said anything. */
export const initialDownloadCredit = 1 * MiB;
/** What the page lets be under way or unread. */
export const downloadWindow = 4 * MiB;
/** Credit is given in steps of at least this much, so that it does not cost a message for each message. */
export const creditStep = 512 * KiB;

/** Results above this are not held in memory. */
export const memoryBytes = 512 * MiB;

/** How long a request that the page has aborted may still take to answer before the page stops waiting. */
export const cancelGraceMs = 5000;
/** Between attempts: browsers slow a page down that tries more often. */
export const retryIntervalMs = 5000;
export const retryAttempts = 24;
export const openTimeoutMs = 60_000;
/** A socket that stays silent this long usually waits for the browser's own permission prompt. */
export const browserAskingMs = 1500;
/**
 * A socket that fails only after this long, while the permission is still undecided, was given up by the browser and not refused
 * by anybody: Firefox does so after 20 s. Chromium's brake on repeated attempts takes at most 4.5 s.
 */
export const undecidedMs = 10_000;
