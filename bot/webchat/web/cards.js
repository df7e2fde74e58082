// Live controls of cards: buttons, forms, questions before a press, and the
// look behind a card.
import { $, el, toast, api } from './dom.js';

export function bindCards(root, state, W) {
  root.addEventListener('click', (e) => {
    const b = e.target.closest('[data-action]');
    if (!b || b.type === 'submit' || b.disabled) return;
    press(b, {}, state, W);
  });
  root.addEventListener('submit', (e) => {
    e.preventDefault();
    const b = e.submitter;
    if (!b || !b.dataset.action) return;
    for (const set of e.target.querySelectorAll('[data-required]')) {
      if (!set.querySelector(':checked')) return void toast(W().required, 'error');
    }
    const values = {};
    for (const [k, v] of new FormData(e.target)) if (v !== '') (values[k] ||= []).push(v);
    press(b, values, state, W);
  });
}

async function press(b, values, state, W) {
  const msg = b.closest('.msg');
  if (!msg) return;
  if (b.dataset.confirmTitle && !(await ask(b.dataset.confirmTitle, b.dataset.confirmText, W()))) return;
  b.classList.add('busy');
  b.setAttribute('aria-busy', 'true');
  try {
    await api('/api/press', { message: Number(msg.dataset.id), action: JSON.parse(b.dataset.action), values }, state.me.id);
  } catch (e) {
    toast(e.message, 'error');
  } finally {
    b.classList.remove('busy');
    b.removeAttribute('aria-busy');
  }
}

function ask(title, text, w) {
  const d = $('#ask');
  return new Promise((done) => {
    const close = (v) => { d.close(); done(v); };
    d.replaceChildren(el('h2', {}, title), text ? el('p', {}, text) : null, el('div', { class: 'row' },
      el('button', { type: 'button', class: 'ghost', onclick: () => close(false) }, w.cancel), el('button', { type: 'button', class: 'send', onclick: () => close(true) }, w.ok)));
    d.oncancel = () => done(false);
    d.showModal();
  });
}

// openRaw shows a card as a platform would get it. url lacks only the form.
export function openRaw(url, w) {
  const d = $('#raw');
  const body = el('pre', { class: 'code', tabindex: '0' });
  const info = el('p', { class: 'raw-info' });
  const tabs = el('div', { class: 'tabs', role: 'tablist' });
  const show = async (form) => {
    for (const b of tabs.children) b.setAttribute('aria-selected', b.dataset.form === form);
    try {
      const r = await api(url + '&form=' + form);
      body.textContent = r.body;
      const parts = [];
      if (r.bytes) parts.push((r.bytes / 1024).toFixed(1) + ' KB');
      if (form !== 'text') parts.push(r.problems.length ? w.problems + ': ' + r.problems.join('; ') : w.noProblems);
      if (r.lossy.length) parts.push(w.lossy + ': ' + r.lossy.join('; '));
      info.textContent = parts.join(' · ');
      info.className = 'raw-info' + (r.problems.length ? ' bad' : '');
    } catch (e) {
      body.textContent = e.message;
      info.textContent = '';
    }
  };
  for (const [form, label] of Object.entries(w.forms)) tabs.append(el('button', { type: 'button', role: 'tab', 'data-form': form, onclick: () => show(form) }, label));
  d.replaceChildren(el('div', { class: 'sheet-head' }, el('h2', {}, w.raw), el('button', { type: 'button', class: 'icon', 'aria-label': w.close, onclick: () => d.close() }, '✕')), tabs, info, body);
  d.showModal();
  show('lark');
}
