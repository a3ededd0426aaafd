// SPDX-License-Identifier: Apache-2.0
// Deferred signing, as signing servers behind old portals do it: the server makes the bytes, the page's service signs them
// without having seen the document, and the server puts the CMS together.
import { X509Certificate, createHash } from 'node:crypto';

/** One DER element; the length takes the short form or as many bytes as it needs. */
function der(tag, ...parts) {
    const body = Buffer.concat(parts);
    if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
    const digits = Buffer.from(body.length.toString(16).padStart(body.length > 0xffff ? 6 : body.length > 0xff ? 4 : 2, '0'), 'hex');
    return Buffer.concat([Buffer.from([tag, 0x80 | digits.length]), digits, body]);
}

const sequence = (...parts) => der(0x30, ...parts);
const setOf = (...parts) => der(0x31, ...parts.sort(Buffer.compare));
const octets = (bytes) => der(0x04, bytes);
const oid = (hex) => der(0x06, Buffer.from(hex, 'hex'));
const none = Buffer.from([0x05, 0x00]);
const integer = (value) => der(0x02, Buffer.from([value]));

const oids = {
    data: oid('2a864886f70d010701'),
    signedData: oid('2a864886f70d010702'),
    contentType: oid('2a864886f70d010903'),
    messageDigest: oid('2a864886f70d010904'),
    rsa: oid('2a864886f70d010101'),
    sha1: oid('2b0e03021a'),
    sha256: oid('608648016503040201'),
    ecdsaWith: { sha1: oid('2a8648ce3d0401'), sha256: oid('2a8648ce3d040302') },
};

/** The element at an offset of well-formed DER, which OpenSSL has read before. */
function elementAt(bytes, at) {
    const first = bytes[at + 1];
    const digits = first < 0x80 ? 0 : first & 0x7f;
    const length = digits === 0 ? first : bytes.readUIntBE(at + 2, digits);
    const start = at + 2 + digits;
    return { start, end: start + length, whole: bytes.subarray(at, start + length) };
}

/** Issuer and serial number of a certificate, as they stand in it. */
function issuerAndSerial(certificate) {
    const toBeSigned = elementAt(certificate, elementAt(certificate, 0).start);
    let at = toBeSigned.start;
    if (certificate[at] === 0xa0) at = elementAt(certificate, at).end; // the version
    const serial = elementAt(certificate, at);
    const algorithm = elementAt(certificate, serial.end);
    return sequence(elementAt(certificate, algorithm.end).whole, serial.whole);
}

const attribute = (type, value) => sequence(type, der(0x31, value));

/** The bytes to be signed for a detached CMS signature over `content`; `digest` is sha1 or sha256. */
export function signedAttributes(digest, content) {
    const hash = createHash(digest).update(content).digest();
    return setOf(attribute(oids.contentType, oids.data), attribute(oids.messageDigest, octets(hash)));
}

/** The CMS around a signature over those bytes. */
export function assembleCms({ digest, attributes, certificate, signature }) {
    const isEc = new X509Certificate(certificate).publicKey.asymmetricKeyType === 'ec';
    const signatureAlgorithm = isEc ? sequence(oids.ecdsaWith[digest]) : sequence(oids.rsa, none);
    // In the message the SET carries the tag [0]; what is signed has the tag of a SET.
    const tagged = Buffer.from(attributes);
    tagged[0] = 0xa0;
    const digestAlgorithm = sequence(oids[digest], none);
    const signer = sequence(integer(1), issuerAndSerial(certificate), digestAlgorithm, tagged, signatureAlgorithm, octets(signature));
    const signedData = sequence(integer(1), setOf(digestAlgorithm), sequence(oids.data), der(0xa0, certificate), setOf(signer));
    return sequence(oids.signedData, der(0xa0, signedData));
}
