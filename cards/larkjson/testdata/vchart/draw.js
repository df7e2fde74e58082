// Draws one chart spec and measures what is on the canvas.
//
// The result is {error, marks, ink, png}: the error that the library threw or
// logged, the pixels in a strong colour (bars, lines, slices), all pixels that
// are not background, and the picture as a data URL.
async function drawChart(spec, width, height, background) {
  document.body.style.background = background;
  const box = document.createElement("div");
  box.style.width = width + "px";
  box.style.height = height + "px";
  document.body.replaceChildren(box);

  const errors = [];
  const log = console.error;
  console.error = (...a) => errors.push(a.join(" "));
  let chart;
  try {
    chart = new VChart.VChart({ ...spec, animation: false, background }, {
      dom: box, mode: "desktop-browser", animation: false, dpr: 1,
      onError: (...a) => errors.push(a.join(" ")),
    });
    chart.renderSync();
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    const canvas = box.querySelector("canvas");
    if (!canvas) throw new Error("no canvas");
    return { error: errors.join("; "), png: canvas.toDataURL("image/png"), ...measure(canvas) };
  } catch (e) {
    return { error: [...errors, String(e)].join("; "), marks: 0, ink: 0, png: "" };
  } finally {
    console.error = log;
    if (chart) chart.release();
  }
}

function measure(canvas) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const corner = [data[0], data[1], data[2]];
  let marks = 0, ink = 0;
  for (let i = 0; i < data.length; i += 4) {
    const rgb = [data[i], data[i + 1], data[i + 2]];
    if (Math.max(...rgb.map((c, k) => Math.abs(c - corner[k]))) > 16) ink++;
    if (Math.max(...rgb) - Math.min(...rgb) > 70) marks++;
  }
  return { marks, ink };
}
