import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { Fault } from './ui/Fault.tsx';
import './styles/base.css';
import './styles/home.css';

const place = document.getElementById('app');
if (place === null) throw new Error('index.html has no #app');
createRoot(place).render(
  <Fault>
    <App />
  </Fault>,
);
