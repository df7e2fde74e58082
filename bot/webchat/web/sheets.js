// The dialogs: who I am, the clock, a new group.
import { $, el, toast, api, hue, initial } from './dom.js';

function head(d, title, w) {
  return el('div', { class: 'sheet-head' }, el('h2', {}, title), el('button', { type: 'button', class: 'icon', 'aria-label': w.close, onclick: () => d.close() }, '✕'));
}

export function openPeople(state, W, become) {
  const d = $('#people'), w = W();
  const list = el('div', { class: 'people-list' });
  const draw = (q) => list.replaceChildren(...state.people.filter((p) => !q || [p.name, p.roles, p.roles_en, p.team].join(' ').toLowerCase().includes(q.toLowerCase())).map((p) =>
    el('button', { type: 'button', class: 'person' + (p.id === state.me?.id ? ' on' : ''), 'data-person': p.name, onclick: () => { d.close(); become(p.id); } },
      el('span', { class: 'avatar ' + hue(p.name), 'aria-hidden': 'true' }, initial(p.name)), el('span', { class: 'chat-text' }, el('strong', {}, p.name), el('small', {}, [w === undefined ? '' : (state.me?.lang === 'en' ? p.roles_en : p.roles), p.team].filter(Boolean).join(' · '))))));
  const search = el('input', { type: 'search', placeholder: w.search, 'aria-label': w.search });
  search.addEventListener('input', () => draw(search.value));
  draw('');
  d.replaceChildren(head(d, w.who, w), el('p', { class: 'hint' }, w.whoHint), search, list);
  d.showModal();
}

export function openClock(state, W, setClock, localTime, orgNow) {
  const d = $('#clocks'), w = W();
  if (!state.clock.movable) return;
  const now = localTime(orgNow());
  const move = async (body) => {
    for (const b of d.querySelectorAll('button')) b.disabled = true;
    hint.textContent = w.moving;
    try {
      setClock(await api('/api/clock', body, state.me.id));
      d.close();
    } catch (e) {
      toast(e.message, 'error');
      openClock(state, W, setClock, localTime, orgNow);
    }
  };
  const at = (hm) => () => move({ to: (now.hm < hm ? now.day : nextDay(now.day, 1)) + 'T' + hm });
  const toMonday = ((8 - now.weekday) % 7) || 7;
  const hint = el('p', { class: 'hint' }, w.clockHint);
  const input = el('input', { type: 'datetime-local', value: now.day + 'T' + now.hm, min: now.day + 'T' + now.hm, 'aria-label': w.to });
  d.replaceChildren(head(d, w.clock, w), hint, el('div', { class: 'grid' },
    el('button', { type: 'button', class: 'ghost', 'data-move': 'h1', onclick: () => move({ minutes: 60 }) }, '+ ' + w.h1),
    el('button', { type: 'button', class: 'ghost', 'data-move': '1731', onclick: at('17:31') }, w.e1730),
    el('button', { type: 'button', class: 'ghost', 'data-move': '1931', onclick: at('19:31') }, w.e1931),
    el('button', { type: 'button', class: 'ghost', 'data-move': 'd1', onclick: () => move({ to: nextDay(now.day, 1) + 'T09:00' }) }, w.d1),
    el('button', { type: 'button', class: 'ghost', 'data-move': 'mon', onclick: () => move({ to: nextDay(now.day, toMonday) + 'T09:00' }) }, w.workday),
    el('button', { type: 'button', class: 'ghost', 'data-move': 'w1', onclick: () => move({ minutes: 7 * 24 * 60 }) }, '+ ' + w.w1)),
  el('div', { class: 'row' }, input, el('button', { type: 'button', class: 'send', onclick: () => move({ to: input.value }) }, w.go)));
  if (!d.open) d.showModal();
}

function nextDay(day, n) {
  const x = new Date(day + 'T00:00:00Z');
  x.setUTCDate(x.getUTCDate() + n);
  return x.toISOString().slice(0, 10);
}

export function openGroup(state, W, done) {
  const d = $('#group'), w = W();
  const name = el('input', { type: 'text', maxlength: '40', placeholder: w.name, 'aria-label': w.name });
  const boxes = state.people.filter((p) => p.id !== state.me.id).map((p) => el('label', { class: 'pick' }, el('input', { type: 'checkbox', value: p.id }), el('span', {}, p.name), el('small', {}, [state.me.lang === 'en' ? p.roles_en : p.roles, p.team].filter(Boolean).join(' · '))));
  d.replaceChildren(head(d, w.group, w), name, el('p', { class: 'hint' }, w.pick), el('div', { class: 'people-list' }, boxes), el('div', { class: 'row' },
    el('button', { type: 'button', class: 'send', onclick: async () => {
      try {
        const members = [...d.querySelectorAll(':checked')].map((x) => Number(x.value));
        const r = await api('/api/group', { title: name.value, members }, state.me.id);
        d.close();
        done(r.id);
      } catch (e) { toast(e.message, 'error'); }
    } }, w.create)));
  d.showModal();
}
