// Draws the page's charts. Stands in one function with Vega's bundle, so that nothing becomes global. Each element of class
// "chart" holds its specification as JSON in a script element. Colours are CSS variables, so light, dark and print need no
// new drawing; a change of width does.
const theme = {
  background: null,
  font: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  axis: {
    domainColor: 'var(--axis)', tickColor: 'var(--axis)', gridColor: 'var(--grid)', gridWidth: 1,
    labelColor: 'var(--ink-soft)', titleColor: 'var(--ink-soft)', labelFontSize: 12, titleFontSize: 12,
    titleFontWeight: 'normal', titlePadding: 8, labelOverlap: true, labelFlush: true, tickSize: 4,
  },
  text: {fill: 'var(--ink)', fontSize: 12},
  rule: {stroke: 'var(--axis)'},
};

function draw(chart) {
  const width = Math.floor(chart.clientWidth);
  if (width === 0 || width === chart.drawnWidth) return Promise.resolve();
  chart.drawnWidth = width;
  const spec = JSON.parse(chart.querySelector('script').textContent);
  spec.width = width;
  const place = chart.querySelector('.plot');
  if (chart.view) chart.view.finalize();
  chart.view = new vega.View(vega.parse(spec, theme, {ast: true}), {
    expr: vega.expressionInterpreter, renderer: 'svg', container: place, hover: false, logLevel: vega.Warn,
  });
  return chart.view.runAsync();
}

function failed(chart, error) {
  chart.querySelector('.plot').textContent = 'This chart could not be drawn: ' + error.message;
  chart.classList.add('failed');
  console.error(error);
}

const charts = Array.from(document.querySelectorAll('.chart'));
const safely = (chart) => Promise.resolve().then(() => draw(chart)).catch((error) => failed(chart, error));

Promise.all(charts.map(safely)).then(() => {
  const drawn = charts.filter((chart) => chart.querySelector('svg')).length;
  document.documentElement.dataset.charts = drawn + ' of ' + charts.length;
  let waiting = 0;
  new ResizeObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(() => charts.forEach(safely), 120);
  }).observe(document.querySelector('main'));
});
