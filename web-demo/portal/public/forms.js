// SPDX-License-Identifier: Apache-2.0
// @ts-check
import { make } from './dom.js';
import { date, number, size, text } from './language.js';
import { commonName, signerFacts } from './outcome.js';

// Every form says: what fields it has, which required one is empty, what it runs, and how its result reads.
const noValues = { values: () => ({}), missing: () => undefined };

const input = (panel, name) => panel.querySelector(`[name="${name}"]`);
const lines = (value) => value.split('\n').map((line) => line.trim()).filter((line) => line !== '');

function field(name, label, control) {
    const id = `field-${name}-${Math.random().toString(36).slice(2, 8)}`;
    control.id = id;
    return make('div', { class: 'field' }, make('label', { for: id }, label), control);
}

function textArea(label, value) {
    const control = make('textarea', { name: 'text', rows: 5, dir: 'auto', required: true });
    control.value = value;
    return field('text', label, control);
}

const textValues = {
    values: (panel) => ({ text: input(panel, 'text').value }),
    missing: (panel) => (input(panel, 'text').value.trim() === '' ? input(panel, 'text') : undefined),
};

// The browser's own file button speaks the browser's language, so ours stands in its place and it stays reachable.
function fileField(label, file, accept) {
    const name = make('bdi', { class: 'file-name' }, file ? `${file.name} (${size(file.size)})` : text('noFile'));
    const control = make('input', { type: 'file', name: 'file', required: true, accept });
    if (file) {
        const transfer = new DataTransfer();
        transfer.items.add(file);
        control.files = transfer.files;
    }
    control.addEventListener('change', () => {
        const [chosen] = control.files;
        name.textContent = chosen ? `${chosen.name} (${size(chosen.size)})` : text('noFile');
    });
    const whole = field('file', label, control);
    control.classList.add('file-input');
    const face = make('label', { class: 'file-face', for: control.id }, make('span', { class: 'file-button' }, text('chooseFile')), name);
    whole.append(face);
    return whole;
}

const fileValues = {
    values: (panel) => ({ file: input(panel, 'file').files[0] }),
    missing: (panel) => (input(panel, 'file').files.length === 0 ? input(panel, 'file') : undefined),
};

const verdict = (result) => ({ valid: result.valid, checks: result.checks, facts: signerFacts(result) });

export const forms = {
    login: {
        ...noValues,
        fields: () => [],
        run: ({ mohr, backend, actions }, _panel, options) => actions.logIn({ mohr, backend, options }),
        describe: verdict,
    },

    text: {
        ...textValues,
        fields: (label, values) => [textArea(label('field'), values?.text ?? label('sample'))],
        run: ({ mohr, backend, actions }, panel, options) =>
            actions.signText({ mohr, backend, text: input(panel, 'text').value, options }),
        describe: verdict,
    },

    file: {
        ...fileValues,
        fields: (label, values) => [fileField(label('field'), values?.file)],
        run: ({ mohr, backend, actions }, panel, options) =>
            actions.signFile({ mohr, backend, file: input(panel, 'file').files[0], options }),
        describe: verdict,
    },

    batch: {
        ...textValues,
        fields: (label, values) => [textArea(label('field'), values?.text ?? label('sample'))],
        run: ({ mohr, backend, actions }, panel, options) =>
            actions.signBatch({ mohr, backend, texts: lines(input(panel, 'text').value), options }),
        describe: ({ valid, verdicts }) => ({
            valid,
            checks: verdicts.map((item) => ({
                name: item.id,
                label: item.id,
                ok: item.valid,
                detail: item.checks.find((check) => !check.ok)?.detail ?? '',
            })),
            facts: [['items', number(verdicts.length)], ['signer', commonName(verdicts[0]?.signer?.subject)]],
        }),
    },

    seal: {
        values: (panel) => ({ ...fileValues.values(panel), recipient: panel.querySelector('[name=recipient]:checked').value }),
        missing: fileValues.missing,
        fields: (label, values) => [
            fileField(label('field'), values?.file),
            make(
                'fieldset',
                {},
                make('legend', {}, label('recipient')),
                ...['me', 'portal'].map((value) =>
                    make(
                        'label',
                        { class: 'choice' },
                        make('input', { type: 'radio', name: 'recipient', value, checked: (values?.recipient ?? 'me') === value }),
                        make('span', {}, label(value === 'me' ? 'recipientMe' : 'recipientPortal')),
                    ),
                ),
            ),
        ],
        run({ mohr, backend, actions }, panel, options) {
            const { file, recipient } = this.values(panel);
            return recipient === 'me'
                ? actions.sealToMyself({ mohr, file, options })
                : actions.sealToPortal({ mohr, backend, file, options });
        },
        describe: (result) =>
            result.bytes === undefined
                ? {
                      valid: result.valid,
                      checks: result.checks,
                      facts: [
                          ['size', result.valid ? size(result.size) : undefined],
                          ['sha256', result.sha256],
                          ['preview', result.preview?.slice(0, 200)],
                      ],
                  }
                : { message: text('actions.seal.saved'), facts: [['size', size(result.bytes)]] },
    },

    open: {
        ...fileValues,
        fields: (label, values) => [fileField(label('field'), values?.file, '.p7m')],
        run: ({ mohr, actions }, panel, options) =>
            actions.openSealed({ mohr, file: input(panel, 'file').files[0], options }),
        describe: ({ bytes, authenticated }) => ({
            message: text('actions.open.saved'),
            checks: [
                {
                    name: 'authenticated',
                    ok: authenticated,
                    detail: '',
                    label: text(`actions.open.${authenticated ? 'authenticated' : 'unauthenticated'}`),
                },
            ],
            facts: [['size', size(bytes)]],
        }),
    },

    certificate: {
        values: (panel) => ({ name: input(panel, 'name').value, algorithm: input(panel, 'algorithm').value }),
        missing: (panel) => (input(panel, 'name').value.trim() === '' ? input(panel, 'name') : undefined),
        fields: (label, values) => {
            const name = make('input', { name: 'name', required: true, maxlength: 64, dir: 'auto', autocomplete: 'name' });
            name.value = values?.name ?? label('sampleName');
            const algorithm = make(
                'select',
                { name: 'algorithm', dir: 'ltr' },
                ...['RSA-2048', 'RSA-3072', 'RSA-4096', 'P-256', 'P-384'].map((value) => make('option', { value }, value)),
            );
            algorithm.value = values?.algorithm ?? 'RSA-2048';
            return [field('name', label('name'), name), field('algorithm', label('algorithm'), algorithm)];
        },
        run: ({ mohr, backend, actions }, panel, options) =>
            actions.getCertificate({
                mohr,
                backend,
                algorithm: input(panel, 'algorithm').value,
                // A comma or plus would begin another part of the name.
                subject: `CN=${input(panel, 'name').value.trim().replace(/[,+="<>#;\\]/g, ' ')} [Sign],O=Unaffiliated,C=IR`,
                options,
            }),
        describe: (certificate) => ({
            message: text('actions.certificate.issued'),
            facts: [
                ['signer', commonName(certificate.subject)],
                ['issuer', commonName(certificate.issuer)],
                ['keyAlgorithm', certificate.keyAlgorithm],
                ['validTo', date(certificate.notAfter)],
            ],
        }),
    },
};
