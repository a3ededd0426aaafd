// SPDX-License-Identifier: Apache-2.0
// The flows of existing portals, in the order and with the ways of reading results that were seen in them. Page code.

/** Posts JSON to the portal's own server. */
async function post(path, value) {
    const answer = await fetch(path, { method: 'POST', body: JSON.stringify(value) });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return answer.json();
}

/** A: contracts. Looks up the codes it knows; whatever else comes is taken for a payload. */
export async function signContract(client) {
    await client.ask('Reset');
    await client.ask('SelectCertificateFromTokenByUI', null, null);
    const certificate = await client.ask('GetSelectedCertificate');
    if (['11', '80'].includes(certificate)) return { code: certificate, at: 'GetSelectedCertificate' };
    const { digest } = await post('/digest', { certificate });
    const signature = await client.ask('Sign', digest, 'SHA1');
    if (['18', '14'].includes(signature)) return { code: signature, at: 'Sign' };
    return post('/signature', { certificate, digest, signature });
}

/** A: sealed files. For each a content key and an IV, without any selection before. */
export async function openSealedFiles(client, files) {
    const opened = [];
    for (const { key, iv } of files) {
        const pair = [];
        for (const cipher of [key, iv]) {
            const content = await client.ask('CmsDecrypt', cipher);
            if (content === '60') return { code: content, opened };
            pair.push(content);
        }
        opened.push(pair);
    }
    return { opened };
}

/** B: listings. `0` and `23` are known to it, and `14` after `Sign`; everything else is posted as a signature. */
export async function signListing(client) {
    const selected = await client.ask('SelectCertificateFromTokenByUI', '', '');
    if (selected === '23') return { code: selected, at: 'Select' };
    if (Number(selected) !== 0) return { code: selected, at: 'Select' };
    const certificate = await client.ask('GetSelectedCertificate');
    await post('/certificate', { certificate });
    const { digest } = await post('/digest', { certificate });
    const signature = await client.ask('Sign', digest, '');
    if (Number(signature) === 14) return { code: signature, at: 'Sign' };
    return post('/signature', { certificate, digest, signature });
}

/** C: foreign trade. Its arguments to `CmsSign` are shifted by one, so the digest's name stands where `attach` belongs. */
export async function answerChallenge(client) {
    await client.ask('Reset');
    const selected = await client.ask('SelectCertificateFromWindowsByUI', '', '');
    if (selected !== '0') return { code: selected, at: 'Select' };
    const certificate = await client.ask('GetSelectedCertificate');
    const { challenge } = await post('/challenge', {});
    const cms = await client.ask('CmsSign', challenge, 'SHA1');
    return post('/login', { challenge, cms, certificate });
}

const isErrorInD = (result) => result.length === 2;

/** D: levies. Signs first and selects only where it is told that nothing is selected. */
export async function signLevy(client, data) {
    const steps = [];
    const step = async (command, ...args) => {
        const result = await client.ask(command, ...args);
        steps.push(command);
        return result;
    };
    let cms = await step('CmsSign', data, false);
    if (cms === '11' || cms === '10') {
        const selected = await step('SelectCertificateFromTokenByUI', '', '');
        if (isErrorInD(selected)) return { code: selected, steps };
        await step('GetSelectedCertificate');
        cms = await step('CmsSign', data, false);
    }
    return isErrorInD(cms) ? { code: cms, steps } : { cms, steps };
}

/** Renewal: a new key on the token of the selected certificate, certified by the portal's authority, in one session. */
export async function renewCertificate(client, subject) {
    const selected = await client.ask('SelectCertificateFromTokenByUI', '', '');
    if (selected !== '0') return { code: selected, at: 'Select' };
    const token = await client.ask('GetProviderName');
    const request = await client.ask('GenerateKeyPairAndCertificateRequest', subject, 2048, token);
    if (request.length <= 3) return { code: request, at: 'Generate' };
    const { certificate } = await post('/issue', { request });
    const imported = await client.ask('ImportIssuedCertificate', certificate);
    return { token, request, certificate, imported };
}
