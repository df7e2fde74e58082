// The gallery: the look behind a card; controls do nothing here.
import { openRaw } from './cards.js';
import { t } from './words.js';

const lang = document.querySelector('.gallery').dataset.lang;
document.addEventListener('submit', (e) => e.preventDefault());
document.addEventListener('click', (e) => {
  const b = e.target.closest('[data-index]');
  if (b) openRaw('/gallery/raw?lang=' + lang + '&index=' + b.dataset.index, t(lang));
});
