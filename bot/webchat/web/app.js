// The chat client: who I am, my chats, the log of one chat, the composer.
import { $, el, toast, api, hue, initial } from './dom.js';
import { t } from './words.js';
import { openPeople, openClock, openGroup } from './sheets.js';
import { bindCards, openRaw } from './cards.js';
import { Composer } from './composer.js';

export const state = { people: [], me: null, chats: [], chat: null, clock: { now: Date.now(), offset: 480 }, skew: 0, commands: [], seen: {} };
const byID = new Map();
let stream = null;
let composer = null;
let late = null; // what arrives while a chat is being loaded

export const W = () => t(state.me ? state.me.lang : 'zh');

// localTime shows a moment in the organisation's zone, whatever the browser's.
export function localTime(ms) {
  const d = new Date(ms + state.clock.offset * 60000);
  const two = (n) => String(n).padStart(2, '0');
  return { hm: two(d.getUTCHours()) + ':' + two(d.getUTCMinutes()), day: d.getUTCFullYear() + '-' + two(d.getUTCMonth() + 1) + '-' + two(d.getUTCDate()), weekday: d.getUTCDay() };
}

export const orgNow = () => Date.now() + state.skew;

function setClock(c) {
  state.clock = c;
  state.skew = c.now - Date.now();
  drawClock();
}

function drawClock() {
  const x = localTime(orgNow());
  $('#now').textContent = x.day.slice(5) + ' ' + W().days[x.weekday] + ' ' + x.hm;
}

function remember(key, v) {
  try { localStorage.setItem('crmbot.' + key, v); } catch { /* private mode: nothing is kept */ }
}

function recall(key) {
  try { return localStorage.getItem('crmbot.' + key); } catch { return null; }
}

export async function become(id) {
  const me = state.people.find((p) => p.id === id) || state.people[0];
  if (!me) return;
  state.me = me;
  remember('as', me.id);
  document.documentElement.lang = me.lang === 'en' ? 'en' : 'zh-CN';
  drawWords();
  state.commands = await api('/api/commands', undefined, me.id);
  await loadChats();
  await openChat(state.chats[0].id, true);
  connect();
}

function drawWords() {
  const w = W();
  $('#who .avatar').textContent = initial(state.me.name);
  $('#who .avatar').className = 'avatar ' + hue(state.me.name);
  $('#who strong').textContent = state.me.name;
  $('#who small').textContent = [state.me.lang === 'en' ? state.me.roles_en : state.me.roles, state.me.team].filter(Boolean).join(' · ');
  $('#new-group').textContent = w.group;
  $('#gallery').textContent = w.gallery;
  $('#gallery').href = '/gallery?lang=' + state.me.lang + '&theme=' + document.documentElement.dataset.theme;
  $('#trial').textContent = w.trial;
  $('#send').textContent = w.send;
  $('#attach').setAttribute('aria-label', w.attach);
  $('#attach').title = w.attach;
  $('#theme').setAttribute('aria-label', w.theme);
  $('#theme').title = w.theme;
  $('#back').setAttribute('aria-label', w.back);
  $('#drop').textContent = w.drop;
  drawClock();
}

export async function loadChats() {
  state.chats = await api('/api/chats', undefined, state.me.id);
  drawChats();
}

function drawChats() {
  const w = W();
  const order = state.chats.slice().sort((a, b) => b.last_at - a.last_at);
  $('#chats').replaceChildren(...order.map((c) => {
    const title = c.group ? c.title : w.bot;
    const unread = state.chat !== c.id && c.last_id > (state.seen[state.me.id + c.id] || 0) && c.last_id;
    return el('button', { type: 'button', class: 'chat' + (state.chat === c.id ? ' on' : ''), 'data-chat': c.id, onclick: () => openChat(c.id) },
      el('span', { class: 'avatar ' + (c.group ? 'group ' + hue(title) : 'bot'), 'aria-hidden': 'true' }, c.group ? title.slice(0, 2) : botFace()),
      el('span', { class: 'chat-text' }, el('strong', {}, title), el('small', {}, c.last || '')),
      el('span', { class: 'chat-side' }, el('small', {}, c.last_at ? shortTime(c.last_at) : ''), unread ? el('span', { class: 'dot' }) : null));
  }));
}

const botFace = () => el('img', { src: '/web/icon.svg', alt: '' });

function shortTime(ms) {
  const a = localTime(ms), b = localTime(orgNow());
  return a.day === b.day ? a.hm : a.day.slice(5);
}

export async function openChat(id, quiet) {
  state.chat = id;
  const c = state.chats.find((x) => x.id === id);
  const w = W();
  $('#title').textContent = c.group ? c.title : w.bot;
  $('#subtitle').textContent = c.group ? c.members.length + w.members + ' · ' + c.members.map((m) => m.name).join('、') : w.botSub;
  if (!quiet) $('#app').dataset.screen = 'chat';
  composer.open(c);
  const mine = late = []; // a later call takes over from this one
  const list = await api('/api/messages?chat=' + id, undefined, state.me.id);
  if (late !== mine) return;
  late = null;
  byID.clear();
  $('#log').replaceChildren();
  if (list.length === 40) $('#log').append(earlierButton(list[0].id));
  list.forEach((m) => append(m));
  mine.forEach(arrive);
  if (!byID.size) $('#log').append(emptyChat());
  markSeen();
  drawChats();
  toEnd();
}

function earlierButton(before) {
  const b = el('button', { type: 'button', class: 'earlier' }, W().earlier);
  b.addEventListener('click', async () => {
    const list = await api('/api/messages?chat=' + state.chat + '&before=' + before, undefined, state.me.id);
    const log = $('#log'), bottom = log.scrollHeight - log.scrollTop;
    b.remove();
    const nodes = list.map((m) => draw(m));
    log.prepend(...nodes);
    if (list.length === 40) log.prepend(earlierButton(list[0].id));
    log.scrollTop = log.scrollHeight - bottom;
  });
  return b;
}

function emptyChat() {
  const list = state.commands.filter((c) => c.menu).slice(0, 5);
  return el('div', { class: 'empty' }, el('p', {}, W().empty), ...list.map((c) => el('button', { type: 'button', class: 'chip', onclick: () => composer.send('/' + c.name) }, '/' + c.name)));
}

// arrive shows a message or its newer state.
function arrive(m) {
  if (late) return void late.push(m);
  if (m.chat !== state.chat) return;
  const node = byID.get(m.id);
  if (node) fill(node, m, m.from ? m.name : W().bot);
  else if (!byID.size || m.id > Math.max(...byID.keys())) append(m); // what is older is behind the button for earlier ones
}

// catchUp shows what happened before the stream of events began.
async function catchUp() {
  const id = state.chat;
  const list = await api('/api/messages?chat=' + id, undefined, state.me.id);
  if (state.chat === id) list.forEach(arrive);
}

function markSeen() {
  const c = state.chats.find((x) => x.id === state.chat);
  if (c) state.seen[state.me.id + c.id] = c.last_id;
}

function toEnd() {
  const log = $('#log');
  log.scrollTop = log.scrollHeight;
}

function append(m) {
  const log = $('#log');
  const near = nearEnd();
  $('.empty', log)?.remove();
  const last = log.lastElementChild;
  const day = localTime(m.at).day;
  if (!last || last.dataset.day !== day) log.append(el('div', { class: 'day', 'data-day': day }, day + ' ' + W().days[localTime(m.at).weekday]));
  const node = draw(m);
  log.append(node);
  if (!near && m.from !== state.me.id) return;
  if (node.offsetHeight > log.clientHeight) log.scrollTop += node.getBoundingClientRect().top - log.getBoundingClientRect().top; // a long card is read from its top
  else toEnd();
}

function nearEnd() {
  const log = $('#log');
  return log.scrollHeight - log.scrollTop - log.clientHeight < 160;
}

function draw(m) {
  const mine = m.from === state.me.id;
  const name = m.from ? m.name : W().bot;
  const node = el('article', { class: 'msg' + (mine ? ' mine' : '') + (m.is_card ? ' has-card' : ''), 'data-id': m.id, 'data-day': localTime(m.at).day });
  node.append(el('span', { class: 'avatar ' + (m.from ? hue(name) : 'bot'), 'aria-hidden': 'true' }, m.from ? initial(name) : botFace()), el('div', { class: 'body' }));
  byID.set(m.id, node);
  fill(node, m, name);
  return node;
}

function fill(node, m, name) {
  if (Number(node.dataset.rev ?? -1) >= m.rev) return; // events may overtake each other; the newer state stays
  node.dataset.rev = m.rev;
  const body = $('.body', node);
  const typed = typedIn(body);
  const head = el('div', { class: 'meta' }, el('span', {}, name), el('time', {}, localTime(m.at).hm));
  if (m.rev > 0) head.append(el('span', { class: 'rev' }, W().updated));
  body.replaceChildren(head);
  if (m.html) {
    const box = el('div', { class: 'card-box' });
    box.innerHTML = m.html; // made by the server's template, which escaped every text
    body.append(box, el('button', { type: 'button', class: 'source', onclick: () => openRaw('/api/raw?message=' + m.id + '&as=' + state.me.id, W()) }, '</> ' + W().raw));
  } else if (m.file) {
    body.append(el('a', { class: 'file', href: '/files/' + m.id + '?as=' + state.me.id, download: m.file }, el('img', { src: '/web/file.svg', alt: '', width: '20', height: '20' }), el('span', {}, m.file)));
  } else {
    body.append(el('div', { class: 'bubble' }, m.text || ''));
  }
  for (const [form, name, value] of typed) {
    const input = body.querySelector('form[data-form="' + form + '"]')?.elements[name];
    if (input && 'value' in input && input.value !== value) input.value = value;
  }
}

// typedIn lists what was typed and not sent yet, so that a card that changes
// under the hand does not lose it.
function typedIn(body) {
  const out = [];
  for (const form of body.querySelectorAll('form[data-form]')) {
    for (const x of form.elements) {
      if (x.matches('input:not([type=checkbox]), textarea') && x.value !== x.defaultValue) out.push([form.dataset.form, x.name, x.value]);
    }
  }
  return out;
}

function connect() {
  if (stream) stream.close();
  stream = new EventSource('/api/events?as=' + state.me.id);
  const on = (kind, fn) => stream.addEventListener(kind, (e) => fn(JSON.parse(e.data)));
  let down = false;
  stream.onerror = () => { if (!down) { down = true; document.body.classList.add('offline'); } };
  on('hello', () => {
    if (!down) return void catchUp();
    down = false;
    document.body.classList.remove('offline');
    loadChats();
    openChat(state.chat, true);
  });
  on('reload', () => openChat(state.chat, true));
  on('clock', setClock);
  on('chats', loadChats);
  on('toast', (x) => toast(x.text, x.tone));
  on('message', (m) => { touch(m); arrive(m); });
  on('update', (m) => {
    touch(m, true);
    if (late) return void late.push(m);
    const node = byID.get(m.id);
    if (!node) return;
    const near = nearEnd();
    fill(node, m, m.from ? m.name : W().bot);
    node.classList.add('flash');
    setTimeout(() => node.classList.remove('flash'), 1200);
    if (near) toEnd();
  });
}

function touch(m, update) {
  const c = state.chats.find((x) => x.id === m.chat);
  if (!c) return void loadChats();
  if (!update || c.last_id === m.id) Object.assign(c, { last: m.preview, last_at: m.at, last_id: m.id });
  if (state.chat === m.chat) markSeen();
  drawChats();
}

async function start() {
  const theme = recall('theme') || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  document.documentElement.dataset.theme = theme;
  setClock(await api('/api/clock'));
  state.people = await api('/api/people');
  composer = new Composer(state, W);
  bindCards($('#log'), state, W);
  $('#who').addEventListener('click', () => openPeople(state, W, become));
  $('#clock').addEventListener('click', () => openClock(state, W, setClock, localTime, orgNow));
  $('#new-group').addEventListener('click', () => openGroup(state, W, async (id) => { await loadChats(); await openChat(id); }));
  $('#back').addEventListener('click', () => { $('#app').dataset.screen = 'list'; });
  $('#theme').addEventListener('click', () => {
    const next = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    remember('theme', next);
    drawWords();
  });
  setInterval(drawClock, 10000);
  const wanted = Number(new URLSearchParams(location.search).get('as')) || Number(recall('as')) || state.people[0]?.id;
  await become(wanted);
  document.body.dataset.ready = '1';
}

start().catch((e) => toast(e.message, 'error'));
