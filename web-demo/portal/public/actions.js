// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What the portal does with Mohr. The page shows these very functions beside their buttons, so they hold nothing else.
import { chooseSaveTarget, toBase64 } from '/client/index.js';

export async function logIn({ mohr, backend, options }) {
    const { challenge } = await backend.post('/api/challenge');
    const login = await mohr.authenticate({ challenge }, options);
    return backend.post('/api/login', {
        challenge,
        algorithm: login.algorithm,
        signature: login.signature,
        certificate: login.certificate.certificate,
        chain: login.certificate.chain,
    });
}

export async function signText({ mohr, backend, text, options }) {
    const content = new TextEncoder().encode(text);
    const document = { name: 'agreement.txt', mediaType: 'text/plain', content };
    const { cms } = await mohr.signCms({ document }, options);
    return backend.post('/api/verify', {
        cms: await cms.base64(),
        content: toBase64(content),
    });
}

export async function signFile({ mohr, backend, file, options }) {
    const document = { name: file.name, content: file };
    const { cms } = await mohr.signCms({ document }, options);
    const content = await backend.upload('/api/content', file, options);
    return backend.post('/api/verify', {
        cms: await cms.base64(),
        contentId: content.id,
    });
}

export async function signBatch({ mohr, backend, texts, options }) {
    const contents = texts.map((text) => new TextEncoder().encode(text));
    const items = contents.map((content, at) => ({
        id: `order-${at + 1}`,
        document: { name: `order-${at + 1}.txt`, mediaType: 'text/plain', content },
    }));
    const { results } = await mohr.signBatch({ format: 'cms', items }, options);
    return backend.post('/api/verify-batch', {
        items: results.map(({ id, cms }, at) => ({ id, cms, content: toBase64(contents[at]) })),
    });
}

export async function sealToMyself({ mohr, file, options }) {
    const target = await chooseSaveTarget(`${file.name}.p7m`);
    const { certificate } = await mohr.selectCertificate('decrypt', options);
    const document = { name: file.name, content: file };
    const { cms } = await mohr.encryptCms({ document, recipients: [certificate] }, options);
    return target.write(cms, { signal: options.signal });
}

export async function sealToPortal({ mohr, backend, file, options }) {
    const { certificate } = await backend.get('/api/recipient');
    const document = { name: file.name, content: file };
    const { cms } = await mohr.encryptCms({ document, recipients: [certificate] }, options);
    return backend.upload('/api/open', await cms.blob(), options);
}

export async function openSealed({ mohr, file, options }) {
    const target = await chooseSaveTarget(file.name.replace(/\.p7m$/, ''));
    const { data, authenticated } = await mohr.decryptCms({ cms: file, name: file.name }, options);
    const { bytes } = await target.write(data, { signal: options.signal });
    return { bytes, authenticated };
}

export async function getCertificate({ mohr, backend, algorithm, subject, options }) {
    const { request } = await mohr.generateKey({ algorithm, subject }, options);
    const issued = await backend.post('/api/ca/issue', { request });
    return mohr.importCertificate(issued.certificate, options);
}
